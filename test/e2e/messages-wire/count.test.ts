import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { JsonObject } from '../../../src/base/json.js';
import { fileFor, TestGateway } from '../../support/gateway.js';
import { receipts } from '../../support/ledger-state.js';
import { MessagesClient } from '../../support/messages-client.js';
import { refusesMessage, saysMessage } from '../../support/messages-wire.js';
import {
  startScriptedUpstream,
  type Exchange,
  type Handler,
  type ScriptedUpstream,
} from '../../support/scripted-upstream.js';

/** As Claude Code sends it, with a signature of ours. */
const BODY: JsonObject = {
  model: 'test-model',
  messages: [
    { role: 'user', content: 'Hi' },
    {
      role: 'assistant',
      content: [
        { type: 'thinking', thinking: 'Hm.', signature: 'cmp1.upstream.tEqQB' },
        { type: 'text', text: 'Hello' },
      ],
    },
    { role: 'user', content: 'How long is this?' },
  ],
  tools: [{ name: 'f', input_schema: { type: 'object' } }],
  a_new_field: [1],
};
/** What a client that sends the body of a Message adds to it. */
const OF_A_MESSAGE: JsonObject = {
  max_tokens: 64_000,
  stream: true,
  temperature: 1,
  metadata: { user_id: 'somebody' },
  stop_sequences: ['a'],
  service_tier: 'auto',
};

let upstream: ScriptedUpstream;
let gateway: TestGateway;
let client: MessagesClient;
let keyId: string;

beforeAll(async () => {
  upstream = await startScriptedUpstream();
  const file = fileFor(upstream.url, { provider: { type: 'anthropic' } });
  const [model] = file.models;
  gateway = await TestGateway.start({
    file: { ...file, models: [model, { ...model, id: 'another-model' }] },
  });
  const created = await gateway.createKey({ budget_limit: '10', allowed_models: ['test-model'] });
  keyId = created.id;
  client = new MessagesClient(gateway.url, { 'x-api-key': created.key });
});
beforeEach(() => upstream.reset());
afterAll(async () => {
  await gateway.close();
  await upstream.close();
});

const counts =
  (answer: unknown, status = 200): Handler =>
  (exchange: Exchange) =>
    exchange.json(answer, status);

async function counted(body: object = {}, headers = {}): Promise<unknown> {
  const response = await client.post('/messages/count_tokens', { ...BODY, ...body }, headers);
  return response.json();
}

describe('a count for an upstream of the same wire', () => {
  it('is the upstream’s own, of what would go up', async () => {
    upstream.always(counts({ input_tokens: 4_711 }));
    const headers = { 'anthropic-version': '2026-10-21', 'anthropic-beta': 'token-counting-2024-11-01' };
    expect(await counted(OF_A_MESSAGE, headers)).toEqual({ input_tokens: 4_711 });
    const plain = await client.at(`${gateway.url}/external`).post('/messages/count_tokens', BODY);
    expect(await plain.json()).toEqual({ input_tokens: 4_711 });
    const [sent] = upstream.requests;
    expect([sent?.path, sent?.headers]).toMatchObject(['/v1/messages/count_tokens', headers]);
    expect(sent?.text).toBe(
      JSON.stringify({ ...BODY, model: 'upstream-model' }).replace('cmp1.upstream.t', ''),
    );
  });

  it('costs nothing, whatever the budget', async () => {
    upstream.next(counts({ input_tokens: 1_000_000 }));
    await counted();
    expect(await receipts(gateway.database.pool, keyId)).toEqual([]);
    expect((await client.create()).status).toBe(402);
  });

  it.each<[string, Handler]>([
    ['refuses the request', refusesMessage(400, 'a_new_field: Extra inputs are not permitted')],
    ['takes no more counts', refusesMessage(429, 'slow down', 'rate_limit_error')],
    ['is overloaded', refusesMessage(529, 'Overloaded', 'overloaded_error')],
    ['does not count', saysMessage('Hello')],
    ['says what is no count', counts({ input_tokens: -1 })],
    ['breaks off', (exchange) => exchange.breakConnection()],
  ])('is the gateway’s, after one request, where the upstream %s', async (_name, handler) => {
    upstream.always(handler);
    expect(await counted()).toEqual({ input_tokens: expect.any(Number), estimated: true });
    expect(upstream.requests).toHaveLength(1);
  });

  it.each([
    ['another-model', 403, 'model_not_allowed'],
    ['nobody', 404, 'model_not_found'],
  ])('is refused of %s as a Message is', async (model, status, code) => {
    const response = await client.post('/messages/count_tokens', { ...BODY, model });
    expect([response.status, await response.json()]).toMatchObject([
      status,
      { error: { details: { error_code: code } } },
    ]);
    expect(upstream.requests).toHaveLength(0);
  });
});
