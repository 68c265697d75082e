import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { TestGateway } from '../../support/gateway.js';
import { until } from '../../support/until.js';

const CALLS = 200;

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await TestGateway.start();
});
afterAll(() => gateway.close());

interface Updates {
  readonly all: number;
  /** Those that touched no index, since there was room on the page. */
  readonly hot: number;
}

/** As sessions have told so far; they do so when they are idle. */
async function updatesOf(table: string): Promise<Updates> {
  const { rows } = await gateway.pool.query<Updates>(
    `SELECT n_tup_upd::int AS all, n_tup_hot_upd::int AS hot FROM pg_stat_user_tables WHERE relname = $1`,
    [table],
  );
  return rows[0]!;
}

async function post(key: string, path: string, body: object): Promise<{ readonly id: string }> {
  const response = await fetch(`${gateway.url}/v1${path}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}` },
    body: JSON.stringify(body),
  });
  expect(response.status).toBe(200);
  return (await response.json()) as { id: string };
}

it('rows that calls update again and again are updated without their indexes', async () => {
  const { key } = await gateway.createKey({ account: 'acme' });
  const { id: conversation } = await post(key, '/conversations', {});
  for (let turn = 0; turn < CALLS / 10; turn += 1) {
    await post(key, '/responses', { model: 'sandbox/echo', input: 'Hi', conversation });
    const calls = Array.from({ length: 9 }, () =>
      post(key, '/chat/completions', {
        model: 'sandbox/echo',
        store: true,
        messages: [{ role: 'user', content: 'Hi' }],
      }),
    );
    await Promise.all(calls);
  }
  await gateway.idle();
  const least = { api_keys: CALLS / 10, accounts: 1, conversations: CALLS / 10 };
  for (const [table, expected] of Object.entries(least)) {
    await until(async () => (await updatesOf(table)).all >= expected, 30_000);
    const { all, hot } = await updatesOf(table);
    expect({ table, isHot: hot / all > 0.9 }).toEqual({ table, isHot: true });
  }
});
