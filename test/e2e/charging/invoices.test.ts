import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { JsonObject } from '../../../src/base/json.js';
import { CASHIERS, Invoice, type Cashier } from '../../support/cashiers.js';
import { TestGateway } from '../../support/gateway.js';
import { SURFACES } from '../../support/responses-client.js';
import { startScriptedUpstream, type ScriptedUpstream } from '../../support/scripted-upstream.js';

const CALLS = 8;
const APIS = ['chat/completions', 'responses', 'messages'] as const;
type Api = (typeof APIS)[number];

let upstreams: ReadonlyMap<string, ScriptedUpstream>;
let gateway: TestGateway;

beforeAll(async () => {
  const names = Object.keys(CASHIERS);
  const started = await Promise.all(
    names.map(async (name) => [name, await startScriptedUpstream()] as const),
  );
  upstreams = new Map(started);
  const entries = Object.entries(CASHIERS);
  gateway = await TestGateway.start({
    file: {
      providers: entries.map(([name, cashier]) => ({ id: name, api_key: 'sk', ...at(name, cashier) })),
      models: entries.map(([name, { model, pricing }]) => ({
        id: name,
        targets: [{ provider: name, model }],
        context_window: 1_000_000,
        max_output_tokens: 10_000,
        reasoning_efforts: ['low', 'high'],
        pricing,
      })),
    },
  });
});
afterAll(async () => {
  await gateway.close();
  await Promise.all([...upstreams.values()].map((upstream) => upstream.close()));
});

function at(name: string, { provider }: Cashier): JsonObject {
  const url = upstreams.get(name)!.url;
  return { ...provider, base_url: provider['type'] === 'google' ? new URL(url).origin : url };
}

/** @param ttl of the mark at the question, where the API has such marks */
function bodyFor(api: Api, model: string, ttl: string, stream: boolean): JsonObject {
  const marked = { type: 'text', text: 'Hi', cache_control: { type: 'ephemeral', ttl } };
  const messages = [{ role: 'user', content: [marked] }];
  switch (api) {
    case 'chat/completions':
      return { model, messages, stream };
    case 'responses':
      return { model, input: 'Hi', stream };
    case 'messages':
      return { model, messages, stream, max_tokens: 1_000 };
  }
}

async function receiptsOf(key: string): Promise<readonly Readonly<Record<string, string | undefined>>[]> {
  const response = await fetch(`${gateway.url}/v1/receipts?limit=100`, {
    headers: { authorization: `Bearer ${key}` },
  });
  return ((await response.json()) as { data: readonly Record<string, string | undefined>[] }).data;
}

/** Of the input of all calls to this provider, as operators see it. */
async function cachedShareOf(provider: string): Promise<number> {
  const lines = (await (await fetch(`${gateway.url}/metrics`)).text()).split('\n');
  const count = (metric: string): number =>
    Number(
      lines
        .find((line) => line.startsWith(`${metric}{provider="${provider}"`))
        ?.split(' ')
        .at(-1),
    );
  return (
    count('slipstream_upstream_cached_input_tokens_total') / count('slipstream_upstream_input_tokens_total')
  );
}

describe('a session of calls with every kind of token that a service bills', () => {
  it.each(Object.keys(CASHIERS).flatMap((name) => APIS.map((api) => [name, api] as const)))(
    'has receipts that sum up to the invoice of %s, over %s',
    async (name, api) => {
      const invoice = new Invoice(CASHIERS[name]!);
      upstreams.get(name)!.always(invoice.serve);
      const { id, key } = await gateway.createKey({
        account: `${name}:${api.split('/')[0]}`,
        budget_limit: '1000000000000',
      });
      for (let call = 0; call < CALLS; call += 1) {
        const body = bodyFor(api, name, call % 4 === 1 ? '1h' : '5m', call % 2 === 0);
        const response = await fetch(`${gateway.url}${SURFACES[(call >> 1) % 2]}/${api}`, {
          method: 'POST',
          headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
          body: JSON.stringify(body),
        });
        expect([response.status, await response.text()]).toEqual([
          200,
          expect.not.stringContaining('error":{'),
        ]);
      }
      const receipts = await receiptsOf(key);
      const sum = (field: string): bigint =>
        receipts.reduce((total, receipt) => total + BigInt(receipt[field] ?? 0), 0n);
      expect(receipts).toHaveLength(CALLS);
      expect(invoice.saved).not.toBe(0n);
      expect(sum('provider_amount_wei')).toBe(invoice.total);
      expect(sum('cache_saved_wei')).toBe(invoice.saved);
      expect(sum('final_amount_wei')).toBe(BigInt((await gateway.keyBudget(id)).spent));
      expect(await cachedShareOf(name)).toBeCloseTo(invoice.cachedShare, 9);
    },
  );
});
