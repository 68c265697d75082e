import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ProcessIdentity } from '../../../src/payments/lease-keeper.js';
import { ProcessLeases } from '../../../src/payments/process-leases.js';
import { Sweeper } from '../../../src/payments/sweeper.js';
import { Upkeep } from '../../../src/payments/upkeep.js';
import { UsageUpkeep } from '../../../src/payments/receipts/usage-upkeep.js';
import { BackgroundRuns } from '../../../src/responses/background/background-runs.js';
import { LeftBehindResponses } from '../../../src/responses/left-behind.js';
import { Retention } from '../../../src/responses/retention.js';
import { RunningResponses } from '../../../src/responses/running-responses.js';
import { Database } from '../../../src/storage/database.js';
import { LostVideos } from '../../../src/videos/lost-videos.js';
import { VideoRetention } from '../../../src/videos/video-retention.js';
import { ADMIN_TOKEN, TestGateway } from '../../support/gateway.js';
import { createTestDatabase, type TestDatabase } from '../../support/test-database.js';
import { fillTables, FILLED } from './fill-tables.js';
import { scansOf, tellPlans, ToldPlans } from './told-plans.js';

const ROWS = 60_000;
/** So long that it is not lost while much is planned. */
const LEASE_MS = 12_000;

let database: TestDatabase;
let gateway: TestGateway;
let key: string;
const plans = new ToldPlans();

beforeAll(async () => {
  database = await createTestDatabase();
  await tellPlans(database);
  await fillTables(database, ROWS);
  gateway = await TestGateway.start({
    database,
    environment: { LEASE_MS: String(LEASE_MS), VIDEO_POLL_MS: '500' },
  });
  const { pool, leasePool } = gateway.app.get(Database);
  plans.listen(pool);
  plans.listen(leasePool);
  ({ key } = await gateway.createKey({ account: 'acct1' }));
});
afterAll(async () => {
  await gateway.idle();
  // No call has made most of these.
  await database.pool.query(
    `TRUNCATE ${FILLED.join(', ')}, usage_days, stored_changes CASCADE;
     UPDATE accounts SET stored_bytes = 0; UPDATE api_keys SET budget_spent = 0`,
  );
  await gateway.close();
  await database.drop();
});

interface Answer {
  readonly id: string;
}

async function call(
  method: string,
  path: string,
  body?: object,
  headers: Record<string, string> = {},
): Promise<Answer> {
  const response = await fetch(`${gateway.url}${path}`, {
    method,
    headers: { authorization: `Bearer ${path.startsWith('/admin') ? ADMIN_TOKEN : key}`, ...headers },
    ...(body && { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  expect({ method, path, text, status: response.status }).toMatchObject({ status: 200 });
  return text.startsWith('{') ? (JSON.parse(text) as Answer) : { id: '' };
}

const ECHO = { model: 'sandbox/echo' };
const chat = (body: object = {}, headers?: Record<string, string>) =>
  call(
    'POST',
    '/v1/chat/completions',
    { ...ECHO, messages: [{ role: 'user', content: 'Hi' }], ...body },
    headers,
  );
const respond = (body: object = {}) => call('POST', '/v1/responses', { ...ECHO, input: 'Hi', ...body });

const CALLS: Readonly<Record<string, () => Promise<unknown>>> = {
  'a chat call': () => chat(),
  'a streamed chat call': () => chat({ stream: true }),
  'chat calls that come together': () => Promise.all(Array.from({ length: 24 }, () => chat())),
  'a stored chat completion': async () => {
    const { id } = await chat({ store: true, metadata: { for: 'me' } });
    await call('GET', `/v1/chat/completions/${id}`);
    await call('GET', '/v1/chat/completions?metadata[for]=me');
    await call('DELETE', `/v1/chat/completions/${id}`);
  },
  'a call that runs once, and again': async () => {
    await chat({}, { 'idempotency-key': 'once' });
    await chat({}, { 'idempotency-key': 'once' });
  },
  'a stored response, and what continues, reads and deletes it': async () => {
    const first = await respond();
    const second = await respond({ previous_response_id: first.id });
    await Promise.all(Array.from({ length: 8 }, () => respond({ previous_response_id: second.id })));
    await call('GET', `/v1/responses/${second.id}`);
    await call('GET', `/v1/responses/${second.id}/input_items`);
    await call('DELETE', `/v1/responses/${first.id}`);
  },
  'a conversation': async () => {
    const { id } = await call('POST', '/v1/conversations', { items: [{ role: 'user', content: 'Hi' }] });
    await respond({ conversation: id });
    await call('GET', `/v1/conversations/${id}/items`);
    await call('DELETE', `/v1/conversations/${id}`);
  },
  'a background response that is cancelled': async () => {
    const { id } = await respond({ model: 'sandbox/echo:ttft=20000', background: true, stream: false });
    await call('GET', `/v1/responses/${id}`);
    await call('POST', `/v1/responses/${id}/cancel`);
  },
  'a background response that is followed': async () => {
    await respond({ background: true, stream: true });
  },
  'a video': async () => {
    const { id } = await call('POST', '/v1/videos', { model: 'sandbox/video', prompt: 'Sea' });
    await call('GET', `/v1/videos/${id}`);
    await call('GET', '/v1/videos');
  },
  receipts: async () => {
    const { data } = (await call('GET', '/v1/receipts')) as unknown as { data: readonly Answer[] };
    await call('GET', `/v1/receipts/${data[0]!.id}`);
  },
  'the lists of operators': async () => {
    for (const list of ['receipts', 'usage', 'responses', 'videos', 'keys']) {
      const page = (await call('GET', `/admin/${list}`)) as unknown as { last_id: string };
      await call('GET', `/admin/${list}?limit=100&account=acct1&after=${encodeURIComponent(page.last_id)}`);
    }
    await call('GET', '/admin/receipts?status=failed');
    await call('GET', '/admin/receipts?model=nobody/knows');
    await call('GET', '/admin/responses?status=cancelled');
    await call('GET', '/admin/responses?model=nobody/knows');
  },
  'all that recurs': async () => {
    const { app } = gateway;
    const { signal } = new AbortController();
    await app.get(ProcessLeases).renew(app.get(ProcessIdentity).id, LEASE_MS, []);
    await app.get(Sweeper).sweep();
    await app.get(Upkeep).foldStoredChanges(signal);
    await app.get(Upkeep).forgetOldRequests(signal);
    await app.get(UsageUpkeep).sumUp(signal);
    await app.get(RunningResponses).cancelRequested();
    await app.get(BackgroundRuns).adoptAll();
    await app.get(LeftBehindResponses).sweep();
    await app.get(LostVideos).sweep();
    await app.get(Retention).purge();
    await app.get(VideoRetention).purge();
  },
};

describe(`with ${ROWS} rows in every table`, () => {
  it.each(Object.entries(CALLS))('no table is read from end to end for %s', async (_, work) => {
    plans.take();
    await work();
    await gateway.idle();
    const told = plans.take();
    expect(told.length).toBeGreaterThan(0);
    expect(scansOf(told, new Set(FILLED))).toEqual([]);
  });

  it('the plans of statements within functions are among those that are told', async () => {
    plans.take();
    await Promise.all(Array.from({ length: 24 }, () => chat()));
    await gateway.idle();
    const texts = plans.take().map(({ 'Query Text': text }) => text);
    expect(texts.some((text) => text.includes('charge_holds('))).toBe(true);
    expect(texts.some((text) => text.startsWith('DELETE FROM holds') || text.includes('WITH ended'))).toBe(
      true,
    );
  });
});
