import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { TestGateway } from '../support/gateway.js';

/** Each would take 10 s if they waited for the row one after the other. */
const REQUESTS = 12;
const TOGETHER_MS = 100_000;

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await TestGateway.start();
});
afterAll(() => gateway.close());

it('a key whose row stays locked lets none of its requests wait behind the others', async () => {
  const { id, key } = await gateway.createKey({ rate_limit_rpm: 600 });
  const ask = () => fetch(`${gateway.url}/v1/models`, { headers: { authorization: `Bearer ${key}` } });
  const operator = await gateway.pool.connect();
  await operator.query('BEGIN');
  await operator.query('SELECT FROM api_keys WHERE id = $1 FOR UPDATE', [id]);
  const askedAt = performance.now();
  const answers = await Promise.all(Array.from({ length: REQUESTS }, ask));
  expect(performance.now() - askedAt).toBeLessThan(TOGETHER_MS);
  for (const answer of answers)
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '5']);
  await operator.query('ROLLBACK');
  operator.release();
  expect((await ask()).status).toBe(200);
});
