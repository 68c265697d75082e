import { expect, it } from '@jest/globals';
import { BackgroundStore } from '../../../src/responses/background/background-store.js';
import { TestGateway } from '../../support/gateway.js';
import { ResponsesClient } from '../../support/responses-client.js';

it('events that were on their way when their response was deleted are not kept', async () => {
  const gateway = await TestGateway.start();
  const client = new ResponsesClient(gateway.url, (await gateway.createKey()).key);
  const { id } = await client.created({ model: 'sandbox/assistant' });
  const store = gateway.app.get(BackgroundStore);
  const append = (sequenceNumber: number) =>
    store.appendEvents(id, [
      { sequenceNumber, type: 'response.output_text.delta', json: '{"delta":"secret"}' },
    ]);
  const kept = async () => (await gateway.pool.query('SELECT FROM response_events')).rowCount;

  await append(1_000);
  expect(await kept()).toBe(1);
  expect((await client.erase(id)).status).toBe(200);
  await append(1_001);
  expect(await kept()).toBe(0);
  await gateway.close();
});
