import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { TestGateway } from '../../support/gateway.js';
import { until } from '../../support/until.js';

let gateway: TestGateway;

beforeAll(async () => {
  gateway = await TestGateway.start();
});
afterAll(() => gateway.close());

describe('a request that is sent again', () => {
  it('is answered although that cannot be counted', async () => {
    const { key } = await gateway.createKey();
    const options = { headers: { 'idempotency-key': 'uncounted' }, signal: AbortSignal.timeout(60_000) };
    const send = (): Promise<Response> => gateway.chat(key, { model: 'sandbox/echo' }, options);
    const text = await (await send()).text();
    const other = await gateway.pool.connect();
    await other.query('BEGIN');
    await other.query(`SELECT FROM idempotency_records WHERE key = 'uncounted' FOR UPDATE`);
    const again = await send();
    expect(await again.text()).toBe(text);
    await other.query('COMMIT');
    other.release();
    await until(async () => {
      const { rows } = await gateway.pool.query<{ replays: number }>(
        `SELECT replays FROM idempotency_records WHERE key = 'uncounted'`,
      );
      return rows[0]?.replays === 1;
    });
  });
});
