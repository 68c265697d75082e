import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { LeftBehindResponses } from '../../../src/responses/left-behind.js';
import { TestGateway } from '../../support/gateway.js';
import { countStored } from '../../support/content-by-hand.js';
import { ResponsesClient } from '../../support/responses-client.js';

let gateway: TestGateway;
let client: ResponsesClient;

beforeAll(async () => {
  // Its own sweeps come later than the test's.
  gateway = await TestGateway.start({ environment: { LEASE_MS: '600000' } });
  client = new ResponsesClient(gateway.url, (await gateway.createKey()).key);
});
afterAll(() => gateway.close());

/** A response whose process died: nobody holds for it any more. */
async function leftBehind(holdId: string): Promise<string> {
  const { id } = await client.created({ model: 'sandbox/assistant' });
  await gateway.pool.query(
    `UPDATE responses SET status = 'in_progress', finished_at = NULL, hold_id = $2 WHERE id = $1`,
    [id, holdId],
  );
  await gateway.pool.query('DELETE FROM response_items WHERE response_id = $1 AND direction = 1', [id]);
  return id;
}

describe('responses that were left behind', () => {
  it('end although one among them cannot be ended', async () => {
    const broken = await leftBehind('hold_0');
    await gateway.pool.query(
      `INSERT INTO response_events (response_id, account_id, sequence_number, type, event)
       SELECT id, account_id, 0, 'response.output_item.added', '{"type":"response.output_item.added"}'
       FROM responses WHERE id = $1`,
      [broken],
    );
    const others = await Promise.all(
      Array.from({ length: 50 }, (_, index) => leftBehind(`hold_${index + 1}`)),
    );
    await countStored(gateway.pool);
    await gateway.app.get(LeftBehindResponses).sweep();
    for (const id of others) expect(await client.found(id)).toMatchObject({ status: 'failed' });
    expect(await client.found(broken)).toMatchObject({ status: 'in_progress' });
  });
});
