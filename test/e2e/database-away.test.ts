import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { CutProxy } from '../support/cut-proxy.js';
import { GatewayClient } from '../support/gateway-client.js';
import { TestGateway } from '../support/gateway.js';
import { createTestDatabase, type TestDatabase } from '../support/test-database.js';
import { until } from '../support/until.js';

const RESPONSE = { model: 'sandbox/echo', input: 'Hi' };

let database: TestDatabase;
let proxy: CutProxy;
let gateway: TestGateway;
let key: string;
let id: string;

beforeAll(async () => {
  database = await createTestDatabase();
  proxy = await CutProxy.before(database.url);
  gateway = await TestGateway.start({ database: { ...database, url: proxy.url } });
  ({ key } = await gateway.createKey());
  id = ((await (await ask('POST', '/v1/responses', RESPONSE)).json()) as { id: string }).id;
});
afterAll(async () => {
  proxy.mend();
  await gateway.close();
  await proxy.close();
  await database.drop();
});

function ask(method: string, path: string, body?: object): Promise<Response> {
  return fetch(`${gateway.url}${path}`, {
    method,
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    ...(body && { body: JSON.stringify(body) }),
  });
}

/** Each in its own way: with the key alone, by an id, in a list, after another statement, in a transaction. */
const REQUESTS: readonly (readonly [method: string, path: string, body?: () => object])[] = [
  ['POST', '/v1/chat/completions', () => ({ ...RESPONSE, messages: [{ role: 'user', content: 'Hi' }] })],
  ['POST', '/v1/responses', () => ({ ...RESPONSE, previous_response_id: id })],
  ['POST', '/v1/responses', () => ({ ...RESPONSE, background: true })],
  ['GET', '/v1/responses/ID'],
  ['GET', '/v1/responses/ID/input_items'],
  ['POST', '/v1/responses/ID/cancel'],
  ['DELETE', '/v1/responses/ID'],
  ['POST', '/v1/conversations', () => ({ items: [{ role: 'user', content: 'Hi' }] })],
  ['GET', '/v1/conversations/conv_1'],
  ['GET', '/v1/chat/completions'],
  ['GET', '/v1/receipts'],
  ['POST', '/v1/videos', () => ({ model: 'sandbox/video', prompt: 'Sea' })],
  ['GET', '/v1/videos'],
  ['GET', '/v1/videos/video_1'],
  ['DELETE', '/v1/videos/video_1'],
];

const LISTS = ['/admin/keys', '/admin/responses', '/admin/usage', '/admin/accounts/acme'];

async function told(answer: Promise<Response>): Promise<readonly unknown[]> {
  const response = await answer;
  const { error } = (await response.json()) as { error: { code: string } };
  return [response.status, error.code, response.headers.get('retry-after')];
}

describe('while the database is too busy to answer in time', () => {
  it('a client is told to come again', async () => {
    const busy = await database.pool.connect();
    await busy.query('BEGIN; LOCK TABLE responses, conversations, videos, receipts IN ACCESS EXCLUSIVE MODE');
    const answers: unknown[] = [];
    const asked = REQUESTS.filter(([method]) => method !== 'POST').map(async ([method, path]) => {
      answers.push([method, path, ...(await told(ask(method, path.replace('ID', id))))]);
    });
    // As the server does by itself, later.
    await until(async () => {
      await busy.query(`SELECT pg_cancel_backend(pid) FROM pg_stat_activity
                        WHERE datname = current_database() AND wait_event_type = 'Lock'`);
      return answers.length === asked.length;
    });
    await busy.query('ROLLBACK');
    busy.release();
    const isToComeAgain = [expect.any(String), expect.any(String), 503, 'service_unavailable', '5'];
    expect(answers).toEqual(asked.map(() => isToComeAgain));
  });
});

describe('while the database is away', () => {
  beforeAll(() => proxy.cut());

  for (const [method, path, body] of REQUESTS) {
    it(`a client is told to come again: ${method} ${path}`, async () => {
      const answer = ask(method, path.replace('ID', id), body?.());
      expect(await told(answer)).toEqual([503, 'service_unavailable', '5']);
    });
  }

  it.each(LISTS)('an operator is told so, too: %s', async (path) => {
    expect(await told(new GatewayClient(gateway.url).admin(path, 'GET'))).toEqual([
      503,
      'service_unavailable',
      '5',
    ]);
  });
});
