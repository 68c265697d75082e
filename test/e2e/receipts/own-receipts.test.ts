import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { JsonObject } from '../../../src/base/json.js';
import { fileFor, TestGateway } from '../../support/gateway.js';
import { expectGenuine, publishedKeys } from '../../support/receipts.js';
import { refusal, startScriptedUpstream, type ScriptedUpstream } from '../../support/scripted-upstream.js';

type BodyReceipt = JsonObject & { readonly id: string; readonly settled_at: number };

interface List {
  readonly object: string;
  readonly data: readonly BodyReceipt[];
  readonly first_id: string | null;
  readonly last_id: string | null;
  readonly has_more: boolean;
}

let upstream: ScriptedUpstream;
let gateway: TestGateway;
let account = 0;
let key: string;

beforeAll(async () => {
  upstream = await startScriptedUpstream();
  gateway = await TestGateway.start({ file: fileFor(upstream.url) });
});
beforeEach(async () => {
  upstream.reset();
  account += 1;
  ({ key } = await newKey());
});
afterEach(() => gateway.idle());
afterAll(async () => {
  await gateway.close();
  await upstream.close();
});

const newKey = () => gateway.createKey({ account: `account-${account}`, budget_limit: '1000000' });

function get(path: string, asKey = key): Promise<Response> {
  return fetch(gateway.url + path, { headers: { authorization: `Bearer ${asKey}` } });
}

async function list(query = ''): Promise<List> {
  const response = await get(`/v1/receipts${query}`);
  expect(response.status).toBe(200);
  return (await response.json()) as List;
}

async function paidCall(asKey = key): Promise<BodyReceipt> {
  const body = (await (await gateway.chat(asKey)).json()) as { compose_receipt: BodyReceipt };
  return body.compose_receipt;
}

describe('own receipts', () => {
  it('are those that the calls of all keys of the account ended with', async () => {
    const { key: sibling } = await newKey();
    const receipts = [await paidCall(), await paidCall(sibling)];
    const { data, ...page } = await list('?order=asc');
    expect(new Set(data)).toEqual(new Set(receipts));
    expect(page).toEqual({
      object: 'list',
      first_id: data[0]!.id,
      last_id: data[1]!.id,
      has_more: false,
    });
    for (const receipt of receipts) {
      const found = await get(`/v1/receipts/${receipt.id}`);
      expect(await found.json()).toEqual(receipt);
      expectGenuine(receipt, await publishedKeys(gateway.url));
    }
  });

  it('come newest first, page by page', async () => {
    const made = await Promise.all(Array.from({ length: 7 }, () => paidCall()));
    const newestFirst = [...made].sort((a, b) => b.settled_at - a.settled_at || (a.id < b.id ? 1 : -1));
    const seen: BodyReceipt[] = [];
    for (let after = ''; ;) {
      const page = await list(`?limit=3&after=${after}`);
      seen.push(...page.data);
      if (!page.has_more) break;
      expect(page.data).toHaveLength(3);
      after = String(page.last_id);
    }
    expect(seen).toEqual(newestFirst);
    expect((await list('?order=asc&limit=100')).data).toEqual([...newestFirst].reverse());
    expect((await list()).data).toEqual(newestFirst);
  });

  it('of others do not exist', async () => {
    const { id } = await paidCall();
    const stranger = (await gateway.createKey({ account: 'stranger' })).key;
    const answers = await Promise.all(
      [id, 'rct_00000000000000000000000000000000', 'nonsense', '%00', '%F0%9F%92%A9'].map(async (asked) => {
        const response = await get(`/v1/receipts/${asked}`, stranger);
        return { status: response.status, body: (await response.text()).replace(/id '[^']*'/, 'id') };
      }),
    );
    expect(new Set(answers.map((answer) => JSON.stringify(answer))).size).toBe(1);
    expect(answers[0]).toMatchObject({
      status: 404,
      body: expect.stringContaining('"code":"receipt_not_found"') as unknown,
    });
    const other = await get(`/v1/receipts?after=${id}`, stranger);
    expect(await other.json()).toEqual({
      object: 'list',
      data: [],
      first_id: null,
      last_id: null,
      has_more: false,
    });
  });

  it('are none of a call that cost nothing because it failed', async () => {
    upstream.next(refusal(400));
    expect((await gateway.chat(key)).status).toBe(400);
    expect((await list()).data).toEqual([]);
  });

  it.each([
    ['limit=0', 'limit'],
    ['limit=101', 'limit'],
    ['limit=1e1', 'limit'],
    ['order=newest', 'order'],
    ['after=a&after=b', 'after'],
  ])('are not listed for ?%s', async (query, param) => {
    const response = await get(`/v1/receipts?${query}`);
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ error: { code: 'invalid_value', param } });
  });

  it('need a key that lives', async () => {
    for (const path of ['/v1/receipts', '/v1/receipts/rct_1']) {
      expect((await fetch(gateway.url + path)).status).toBe(401);
      expect((await get(path, `compose-${'x'.repeat(43)}`)).status).toBe(401);
    }
    expect((await get('/external/v1/receipts')).status).toBe(404);
  });
});
