import { expect, it } from '@jest/globals';
import { BackgroundStore } from '../../../src/responses/background/background-store.js';
import { fileFor, TestGateway } from '../../support/gateway.js';
import { ResponsesClient } from '../../support/responses-client.js';
import { startScriptedUpstream } from '../../support/scripted-upstream.js';
import { until } from '../../support/until.js';

it('events that come when their response has ended, was deleted or is run by another process are not kept', async () => {
  const upstream = await startScriptedUpstream();
  upstream.always(() => undefined);
  const gateway = await TestGateway.start({ file: fileFor(upstream.url) });
  const client = new ResponsesClient(gateway.url, (await gateway.createKey()).key);
  const { id } = await client.created({ background: true });
  const { pool } = gateway;
  const store = gateway.app.get(BackgroundStore);
  const kept = async (sequenceNumber: number): Promise<boolean> => {
    const event = { type: 'response.output_text.delta', json: '{"delta":"secret"}' };
    await store.appendEvents(id, [{ sequenceNumber, ...event }]);
    const look = 'SELECT FROM response_events WHERE response_id = $1 AND sequence_number = $2';
    return (await pool.query(look, [id, sequenceNumber])).rowCount === 1;
  };

  expect(await kept(1_000)).toBe(true);
  const { rows } = await pool.query<{ own: string }>('SELECT process_id AS own FROM responses');
  await pool.query(`UPDATE responses SET process_id = 'proc_other'`);
  expect(await kept(1_001)).toBe(false);
  await pool.query('UPDATE responses SET process_id = $1', [rows[0]?.own]);
  expect(await kept(1_002)).toBe(true);
  expect((await client.cancel(id)).status).toBe(200);
  await until(async () => (await client.found(id)).status === 'cancelled');
  expect(await kept(1_003)).toBe(false);
  expect((await client.erase(id)).status).toBe(200);
  expect(await kept(1_004)).toBe(false);
  expect((await pool.query('SELECT FROM response_events')).rowCount).toBe(0);
  await gateway.close();
  await upstream.close();
});
