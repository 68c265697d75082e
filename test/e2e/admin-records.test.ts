import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import request from 'supertest';
import { ADMIN_TOKEN, type CreatedKey, TestGateway } from '../support/gateway.js';
import { forgetUsageSums, sumUsageUp } from '../support/usage-sums.js';

const CONTENT = 'NIGHTINGALE';

interface Row {
  readonly id: string;
  readonly [field: string]: unknown;
}
interface List {
  readonly object: string;
  readonly data: readonly Row[];
  readonly first_id: string | null;
  readonly last_id: string | null;
  readonly has_more: boolean;
}

let gateway: TestGateway;
let acme: CreatedKey;
let acmeToo: CreatedKey;
let other: CreatedKey;
/** Oldest first: three of acme on three days, one of its second key, one of another account. */
const ids: string[] = [];

const get = (path: string, query: object = {}) =>
  request(gateway.server).get(path).query(query).set('authorization', `Bearer ${ADMIN_TOKEN}`);

async function list(path: string, query: object = {}): Promise<List> {
  const response = await get(path, query);
  expect({ query, status: response.status, body: response.body as unknown }).toMatchObject({ status: 200 });
  return response.body as List;
}

/** Places in `ids` of the responses that a list shows. */
async function shown(path: string, query: object, field: string): Promise<readonly number[]> {
  const { data } = await list(path, { order: 'asc', ...query });
  return data.map((row) => ids.indexOf(row[field] as string));
}

async function respond({ key }: CreatedKey, body: object): Promise<string> {
  const response = await fetch(`${gateway.url}/external/v1/responses`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}` },
    body: JSON.stringify({ model: 'sandbox/echo', input: CONTENT, metadata: { note: CONTENT }, ...body }),
  });
  const { id } = (await response.json()) as { id: string };
  return id;
}

beforeAll(async () => {
  gateway = await TestGateway.start();
  acme = await gateway.createKey({ account: 'acme' });
  acmeToo = await gateway.createKey({ account: 'acme' });
  other = await gateway.createKey({ account: 'other' });
  ids.push(await respond(acme, {}));
  ids.push(await respond(acme, { model: 'sandbox/assistant' }));
  ids.push(await respond(acme, { max_output_tokens: 16, input: `${CONTENT} `.repeat(30) }));
  ids.push(await respond(acmeToo, {}));
  ids.push(await respond(other, {}));
  await gateway.idle();
  const days = [
    '2026-03-01T10:00:00Z',
    '2026-03-02T10:00:00Z',
    '2026-03-03T10:00:00Z',
    '2026-03-03T15:00:00Z',
  ];
  for (const [index, id] of ids.entries()) {
    const at = days[index] ?? '2026-03-03T15:00:00Z';
    await gateway.pool.query('UPDATE responses SET created_at = $2 WHERE id = $1', [id, at]);
    await moveReceipts('response_id = $2', at, id);
  }
});
afterAll(async () => {
  await gateway.pool.query(
    'UPDATE receipts r SET settled_at = m.settled_at FROM moved_receipts m WHERE m.id = r.id',
  );
  await forgetUsageSums(gateway.pool);
  await gateway.close();
});

/** Until the end of the tests: receipts are signed for their times. */
async function moveReceipts(condition: string, at: string, ...values: readonly string[]): Promise<void> {
  await gateway.pool.query('CREATE TABLE IF NOT EXISTS moved_receipts (id text, settled_at timestamptz)');
  await gateway.pool.query(
    `WITH moved AS (UPDATE receipts r SET settled_at = $1 FROM receipts o
       WHERE o.id = r.id AND r.${condition} RETURNING r.id, o.settled_at)
     INSERT INTO moved_receipts SELECT * FROM moved`,
    [at, ...values],
  );
  await forgetUsageSums(gateway.pool);
}

describe.each(['/admin/responses', '/admin/receipts', '/admin/usage'])('%s', (path) => {
  it('is closed without the token', async () => {
    expect((await request(gateway.server).get(path)).status).toBe(401);
  });

  it.each<[string, string, string]>([
    ['account', 'a b', 'must be the name'],
    ['key', 'key_ü', 'id of a key'],
    ['model', '\u0000', 'public id'],
    ['status', 'done', 'must be one of'],
    ['created_after', 'yesterday', '2026-11-22T12:00:00Z'],
    ['created_after', '2026-03-01T10:00:00', 'with its zone'],
    ['created_before', '2026-02-30', 'must be a date'],
    ['limit', '101', '100'],
    ['limit', '0', '1'],
    ['order', 'up', 'asc'],
    ['after', 'nothing', 'last_id'],
  ])('refuses %s=%s', async (param, value, words) => {
    const response = await get(path, { [param]: value });
    expect(response.status).toBe(400);
    expect(response.body).toMatchObject({
      error: { code: 'invalid_value', param, message: expect.stringContaining(words) as unknown },
    });
  });

  it('refuses a filter that is there twice', async () => {
    const response = await get(`${path}?account=acme&account=other`);
    expect(response.body).toMatchObject({ error: { code: 'invalid_value', param: 'account' } });
  });

  it('comes page by page in both orders, each row once', async () => {
    const all = (await list(path, { order: 'asc', limit: 100 })).data.map(({ id }) => id);
    expect(new Set(all).size).toBe(5);
    for (const order of ['asc', 'desc']) {
      const seen: string[] = [];
      for (let after = {}; ;) {
        const page = await list(path, { limit: 2, order, ...after });
        expect(page).toMatchObject({
          object: 'list',
          first_id: page.data[0]?.id,
          last_id: page.data.at(-1)?.id,
        });
        seen.push(...page.data.map(({ id }) => id));
        if (!page.has_more) break;
        after = { after: page.last_id };
      }
      expect(seen).toEqual(order === 'asc' ? all : all.toReversed());
    }
  });

  it('shows no content', async () => {
    expect(JSON.stringify(await list(path))).not.toContain(CONTENT);
  });

  it('is an empty list where nothing fits', async () => {
    expect(await list(path, { account: 'nobody' })).toEqual({
      object: 'list',
      data: [],
      first_id: null,
      last_id: null,
      has_more: false,
      ...(path === '/admin/usage' && { targets: [] }),
    });
  });
});

describe.each([
  ['/admin/responses', 'id'],
  ['/admin/receipts', 'response_id'],
])('%s', (path, field) => {
  it('is narrowed by each filter and by all of them', async () => {
    const where = (query: object) => shown(path, query, field);
    expect(new Set(await where({}))).toEqual(new Set([0, 1, 2, 3, 4]));
    expect(await where({ account: 'other' })).toEqual([4]);
    expect(await where({ key: acme.id })).toEqual([0, 1, 2]);
    expect(await where({ model: 'sandbox/assistant' })).toEqual([1]);
    expect(await where({ created_after: '2026-03-02T10:00:00Z', key: acme.id })).toEqual([1, 2]);
    expect(await where({ created_before: '2026-03-02T10:00:00Z' })).toEqual([0]);
    expect(await where({ created_after: '2026-03-02', created_before: '2026-03-03' })).toEqual([1]);
    expect(await where({ created_after: Date.parse('2026-03-03') / 1000, account: 'acme' })).toEqual([2, 3]);
    expect(await where({ created_before: '2026-03-01T12:00:00+02:00' })).toEqual([]);
    expect(await where({ account: 'other', key: acme.id })).toEqual([]);
  });
});

it('/admin/responses tells everything about a stored response but what was said', async () => {
  expect(await shown('/admin/responses', { status: 'incomplete' }, 'id')).toEqual([2]);
  const [row] = (await list('/admin/responses', { created_before: '2026-03-02' })).data;
  expect(row).toEqual({
    id: ids[0],
    object: 'response',
    account: 'acme',
    key_id: acme.id,
    request_id: expect.stringMatching(/^req_/) as unknown,
    model: 'sandbox/echo',
    status: 'completed',
    background: false,
    streamed: false,
    chat_completion: false,
    previous_response_id: null,
    conversation_id: null,
    created_at: '2026-03-01T10:00:00.000Z',
    finished_at: expect.any(String) as unknown,
    last_used_at: expect.any(String) as unknown,
    cancel_requested_at: null,
    deleted_at: null,
    duration_ms: expect.any(Number) as unknown,
    items: 2,
    content_bytes: expect.any(Number) as unknown,
    final_amount: expect.stringMatching(/^\d+$/) as unknown,
  });
});

it('/admin/receipts tells what was charged', async () => {
  const [row] = (await list('/admin/receipts', { created_before: '2026-03-02' })).data;
  const [receipt] = (await gateway.pool.query('SELECT * FROM receipts WHERE id = $1', [row?.id])).rows as [
    Record<string, unknown>,
  ];
  expect(row).toEqual({
    id: receipt['id'],
    object: 'receipt',
    settled_at: '2026-03-01T10:00:00.000Z',
    account: 'acme',
    key_id: acme.id,
    provider: 'sandbox',
    model: 'sandbox/echo',
    request_id: receipt['request_id'],
    response_id: ids[0],
    network: 'eip155:43113',
    settlement_status: 'settled',
    tx_hash: null,
    estimated: false,
    input_tokens: expect.any(Number) as unknown,
    output_tokens: expect.any(Number) as unknown,
    provider_amount: receipt['provider_amount'],
    platform_fee: receipt['platform_fee'],
    ...{ overrun: '0', session_id: null, agent_id: null, parent_agent_id: null },
    final_amount: receipt['final_amount'],
  });
  expect(row?.['input_tokens']).toBeGreaterThan(0);
});

describe('/admin/usage', () => {
  it('sums receipts by day, key and model, as admin.usage_daily does', async () => {
    const { data } = await list('/admin/usage');
    const { rows } = await gateway.pool.query(
      `SELECT day::text, account, key_id, provider, model, settlement_status, calls::int, estimated_calls::int,
              input_tokens::int, output_tokens::int, provider_amount, platform_fee, overrun, final_amount
       FROM admin.usage_daily ORDER BY day DESC, account DESC, key_id COLLATE "C" DESC`,
    );
    expect(data.map(({ id: _id, object: _object, ...row }) => row)).toEqual(rows);
    expect(data.at(-1)).toMatchObject({
      id: `2026-03-01/acme/${acme.id}/settled/sandbox/sandbox/echo`,
      object: 'usage',
      calls: 1,
    });
  });

  it('counts only what lies between the times, within a day too', async () => {
    await respond(acme, {});
    await gateway.idle();
    await moveReceipts(`settled_at > now() - interval '1 hour'`, '2026-03-01T20:00:00Z');
    const calls = async (query: object) =>
      (await list('/admin/usage', { key: acme.id, created_before: '2026-03-02', ...query })).data.map(
        (row) => row['calls'],
      );
    expect(await calls({})).toEqual([2]);
    expect(await calls({ created_after: '2026-03-01T12:00:00Z' })).toEqual([1]);
    expect(await calls({ status: 'pending' })).toEqual([]);
  });

  it.each<[string, object]>([
    ['all', {}],
    ['its oldest first', { order: 'asc', limit: 2 }],
    ['an account', { account: 'acme' }],
    ['a model', { model: 'sandbox/assistant' }],
    ['parts of days', { created_after: '2026-03-01T12:00:00Z', created_before: '2026-03-03T12:00:00Z' }],
  ])('shows %s as before once it is summed up', async (_, query) => {
    await forgetUsageSums(gateway.pool);
    const before = await list('/admin/usage', query);
    await sumUsageUp(gateway, 5);
    expect(await list('/admin/usage', query)).toEqual(before);
  });
});

it('a list that takes too long is refused with the way out', async () => {
  const blocking = await gateway.pool.connect();
  await blocking.query('BEGIN; LOCK TABLE receipts IN ACCESS EXCLUSIVE MODE');
  try {
    const response = await get('/admin/receipts');
    expect(response.status).toBe(400);
    expect(response.body).toMatchObject({ error: { code: 'invalid_value', param: 'created_after' } });
  } finally {
    await blocking.query('ROLLBACK');
    blocking.release();
  }
});

it('/admin/keys are narrowed to an account, and begin after a key that there is', async () => {
  expect((await list('/admin/keys', { account: 'other' })).data.map(({ id }) => id)).toEqual([other.id]);
  expect((await get('/admin/keys', { after: 'key_nothing' })).body).toMatchObject({
    error: { param: 'after' },
  });
});
