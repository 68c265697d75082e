import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { JsonObject } from '../../../src/base/json.js';
import { fileFor, TestGateway, type CreatedKey } from '../../support/gateway.js';
import { saysMessage } from '../../support/messages-wire.js';
import { ResponsesClient } from '../../support/responses-client.js';
import { completion, startScriptedUpstream, type ScriptedUpstream } from '../../support/scripted-upstream.js';

const CLAUDE = { provider: 'upstream', model: 'claude-opus-4-6' };
const PRICES = { input: 3, cached_input: 0.3, cache_write: 3.75, output: 15 };

let upstream: ScriptedUpstream;
let other: ScriptedUpstream;
let gateway: TestGateway;
let created: CreatedKey;

beforeAll(async () => {
  [upstream, other] = await Promise.all([startScriptedUpstream(), startScriptedUpstream()]);
  const model = { targets: [CLAUDE], max_output_tokens: 1_000, pricing: PRICES };
  const file = fileFor(upstream.url, { provider: { type: 'anthropic' }, model });
  const chat = { id: 'chat', type: 'openai', base_url: other.url };
  const both = [CLAUDE, { provider: 'chat', model: 'm', priority: 2 }];
  gateway = await TestGateway.start({
    file: {
      providers: [...file.providers, chat],
      models: [...file.models, { ...file.models[0], id: 'both-models', targets: both }],
    },
  });
});
beforeEach(async () => {
  upstream.reset();
  upstream.always(saysMessage('Hi!'));
  other.reset();
  created = await gateway.createKey({ budget_limit: '1000000' });
});
afterAll(async () => {
  await gateway.close();
  await Promise.all([upstream.close(), other.close()]);
});

function marked(ttl?: string): JsonObject {
  const cache_control = { type: 'ephemeral', ...(ttl !== undefined && { ttl }) };
  return { messages: [{ role: 'user', content: [{ type: 'text', text: 'x'.repeat(300), cache_control }] }] };
}

const USAGE = {
  input_tokens: 10,
  cache_read_input_tokens: 1_000,
  cache_creation_input_tokens: 300,
  cache_creation: { ephemeral_5m_input_tokens: 100, ephemeral_1h_input_tokens: 200 },
  output_tokens: 20,
};

describe('a call whose prompt is kept for an hour', () => {
  it('pays for that on a line of its own, which is input for operators too', async () => {
    upstream.next(saysMessage('Hi!', { usage: USAGE }));
    const answer = (await (await gateway.chat(created.key, marked('1h'))).json()) as {
      usage: JsonObject;
      compose_receipt: { line_items: readonly JsonObject[] };
    };
    expect(answer.usage).toMatchObject({
      prompt_tokens: 1_310,
      prompt_tokens_details: { cached_tokens: 1_000, cache_write_tokens: 300 },
    });
    const lines = answer.compose_receipt.line_items;
    expect(lines.map(({ key, quantity, unit_price_usd: price }) => [key, quantity, price])).toEqual([
      ['input_tokens', 10, '3'],
      ['cached_input_tokens', 1_000, '0.3'],
      ['cache_write_tokens', 100, '3.75'],
      ['cache_write_1h_tokens', 200, '6'],
      ['output_tokens', 20, '15'],
    ]);
    const { rows } = await gateway.pool.query<{ input_tokens: string }>(
      'SELECT input_tokens FROM admin.receipts WHERE key_id = $1',
      [created.id],
    );
    expect(rows.map(({ input_tokens: tokens }) => Number(tokens))).toEqual([1_310]);
  });

  it('holds the price of that where it asks for it, and not elsewhere', async () => {
    const held: number[] = [];
    for (const ttl of [undefined, '5m', '1h']) {
      upstream.next(async (exchange) => {
        held.push((await gateway.keyBudget(created.id)).held);
        await saysMessage('Hi!')(exchange);
      });
      expect((await gateway.chat(created.key, marked(ttl))).status).toBe(200);
    }
    const [plain = 0, short = 0, long = 0] = held;
    expect(plain).toBeGreaterThan(0);
    // The mark's own text counts as input, too: less than fifty bytes of it at less than four times the price.
    expect(short - plain).toBeLessThan(200);
    expect(long - short).toBeGreaterThan(300 * (6 - 3.75));
  });
});

describe('what the Messages wire cannot say', () => {
  it.each<[string, JsonObject]>([
    ['n', { n: 2 }],
    ['seed', { seed: 1 }],
    ['logprobs', { logprobs: true }],
    ['presence_penalty', { presence_penalty: 1 }],
    ['logit_bias', { logit_bias: { 5: 1 } }],
  ])('is refused before anything is held: %s', async (param, chat) => {
    const response = await gateway.chat(created.key, chat);
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ error: { code: 'unsupported_parameter', param } });
    expect(upstream.requests).toHaveLength(0);
    const { rows } = await gateway.pool.query('SELECT 1 FROM ledger WHERE ledger_account LIKE $1', [
      `%${created.id}%`,
    ]);
    expect(rows).toEqual([]);
  });

  it('is refused by the name that a Response has for it', async () => {
    const client = new ResponsesClient(gateway.url, created.key);
    for (const [body, param] of [
      [{ top_logprobs: 2 }, 'top_logprobs'],
      [
        { input: [{ role: 'user', content: [{ type: 'input_file', file_data: 'data:a/b;base64,AA' }] }] },
        'input',
      ],
    ] as const) {
      const response = await client.create(body);
      expect({ status: response.status, body: await response.json() }).toMatchObject({
        status: 400,
        body: { error: { code: 'unsupported_parameter', param } },
      });
    }
    expect(upstream.requests).toHaveLength(0);
  });

  it('is asked of a target that can', async () => {
    other.always(completion('Elsewhere'));
    const response = await gateway.chat(created.key, { model: 'both-models', seed: 1 });
    expect(await response.json()).toMatchObject({ choices: [{ message: { content: 'Elsewhere' } }] });
    expect(upstream.requests).toHaveLength(0);
  });
});
