import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Receipt } from '../../src/base/money/receipt.js';
import { fileFor, TestGateway } from '../support/gateway.js';
import { startScriptedUpstream, completion, type ScriptedUpstream } from '../support/scripted-upstream.js';
import { chatUsage } from '../support/chat-wire.js';
import { framesOf, type Frame } from '../support/sse-frames.js';

let upstream: ScriptedUpstream;
let gateway: TestGateway;
let key: string;

beforeAll(async () => {
  upstream = await startScriptedUpstream();
  gateway = await TestGateway.start({ file: fileFor(upstream.url) });
  ({ key } = await gateway.createKey({ budget_limit: '1000000' }));
});
afterAll(async () => {
  await gateway.close();
  await upstream.close();
});

interface Chunk {
  readonly id: string;
  readonly model: string;
  readonly choices: readonly {
    readonly delta: Record<string, unknown>;
    readonly finish_reason: string | null;
  }[];
  readonly usage?: Record<string, unknown> | null;
}
const chunkOf = (frame: Frame | undefined): Chunk => frame?.data as Chunk;

async function stream(
  path: string,
  body: object = {},
): Promise<{ response: Response; frames: readonly Frame[] }> {
  const response = await gateway.chat(key, { stream: true, ...body }, { path });
  return { response, frames: framesOf(await response.text()) };
}

describe('the native surface', () => {
  it('streams chunks, the usage chunk, the receipt and [DONE], in this order', async () => {
    upstream.next(completion('Hello there!', chatUsage(1000, 500)));
    const { response, frames } = await stream('/v1');
    expect(response.headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
    expect(response.headers.get('cache-control')).toBe('no-cache, no-transform');
    expect(response.headers.get('x-accel-buffering')).toBe('no');
    const chunks = frames.slice(0, -2).map(chunkOf);
    expect(chunks.map(({ choices }) => choices[0]?.delta)).toEqual([
      { role: 'assistant', content: '' },
      { content: 'Hello' },
      { content: ' there!' },
      {},
      undefined,
    ]);
    expect(chunks.at(-2)?.choices[0]?.finish_reason).toBe('stop');
    expect(chunks.at(-1)).toMatchObject({
      choices: [],
      usage: { prompt_tokens: 1000, completion_tokens: 500 },
    });
    expect(new Set(chunks.map(({ id }) => id))).toEqual(
      new Set([response.headers.get('x-compose-response-id')]),
    );
    expect(new Set(chunks.map(({ model }) => model))).toEqual(new Set(['test-model']));
    expect(frames.at(-2)).toMatchObject({
      event: 'compose.receipt',
      data: {
        type: 'compose.receipt',
        providerAmountWei: '2000',
        platformFeeWei: '20',
        finalAmountWei: '2020',
        network: 'eip155:43113',
        meterSubject: 'upstream:test-model',
        requestId: response.headers.get('x-request-id'),
        responseId: response.headers.get('x-compose-response-id'),
        account: 'acme',
        settlementStatus: 'settled',
      },
    });
    expect(frames.at(-1)).toEqual({ event: undefined, data: '[DONE]' });
  });

  it('puts the receipt of a whole answer into body and header, and names budget and upstream', async () => {
    upstream.next(completion('Hi', chatUsage(100, 50)));
    const response = await gateway.chat(key, {}, { headers: { 'x-request-id': 'my-request.1' } });
    const { compose_receipt: inBody } = (await response.json()) as {
      compose_receipt: Record<string, unknown>;
    };
    const header = response.headers.get('x-compose-receipt') ?? '';
    const inHeader = JSON.parse(Buffer.from(header, 'base64url').toString()) as Receipt;
    expect(inBody).toMatchObject({ id: inHeader.id, final_amount_wei: '202', request_id: 'my-request.1' });
    expect(inHeader.finalAmountWei).toBe('202');
    expect(response.headers.get('x-request-id')).toBe('my-request.1');
    expect(response.headers.get('x-compose-upstream-provider')).toBe('upstream');
    expect(response.headers.get('x-compose-upstream-model')).toBe('upstream-model');
    expect(response.headers.get('x-compose-upstream-attempts')).toBe('1');
    expect(response.headers.get('x-compose-key-budget-limit')).toBe('1000000');
    const { rows } = await gateway.pool.query('SELECT final_amount FROM receipts WHERE id = $1', [
      inHeader.id,
    ]);
    expect(rows).toEqual([{ final_amount: '202' }]);
  });

  it('lets the request name a configured chain for its receipt, and refuses others before anything runs', async () => {
    const before = upstream.requests.length;
    const refused = await gateway.chat(key, {}, { headers: { 'x-chain-id': '1' } });
    expect(refused.status).toBe(400);
    expect(await refused.json()).toMatchObject({
      error: { code: 'chain_not_supported', param: 'x-chain-id' },
    });
    expect(upstream.requests).toHaveLength(before);
    const accepted = await gateway.chat(key, {}, { headers: { 'x-chain-id': '43113' } });
    expect(await accepted.json()).toMatchObject({ compose_receipt: { network: 'eip155:43113' } });
    const ignored = await gateway.chat(key, {}, { path: '/external/v1', headers: { 'x-chain-id': '1' } });
    expect(ignored.status).toBe(200);
  });
});

describe('the external surface', () => {
  const composeHeaders = (response: Response): string[] =>
    [...response.headers.keys()].filter((name) => /compose|payment/i.test(name));

  it.each([
    ['a stream', { stream: true }],
    ['a stream with usage', { stream: true, stream_options: { include_usage: true } }],
    ['a whole answer', {}],
    ['a wrong request', { messages: [] }],
    ['an unknown model', { model: 'nope' }],
  ])('shows nothing of Compose in %s', async (_name, body) => {
    const response = await gateway.chat(key, body, { path: '/external/v1' });
    const text = await response.text();
    expect(text).not.toMatch(/compose|Wei|wei/);
    expect(composeHeaders(response)).toEqual([]);
    expect(response.headers.get('x-request-id')).toMatch(/^req_[0-9a-f]{32}$/);
  });

  it('sends usage only when asked, and then as null on every other chunk', async () => {
    const plain = await stream('/external/v1');
    expect(plain.frames.slice(0, -1).every((frame) => !('usage' in chunkOf(frame)))).toBe(true);
    const asked = await stream('/external/v1', { stream_options: { include_usage: true } });
    const usages = asked.frames.slice(0, -1).map((frame) => chunkOf(frame).usage);
    expect(usages.slice(0, -1).every((usage) => usage === null)).toBe(true);
    expect(usages.at(-1)).toMatchObject({ total_tokens: 15 });
    expect(asked.frames.at(-1)?.data).toBe('[DONE]');
  });

  it('is charged like the native one', async () => {
    const created = await gateway.createKey();
    upstream.next(completion('Hi', chatUsage(100, 50)));
    await (await gateway.chat(created.key, {}, { path: '/external/v1' })).text();
    expect(await gateway.keyBudget(created.id)).toEqual({ spent: 202, held: 0 });
  });
});

describe('both surfaces', () => {
  it('count tokens themselves when the upstream gives no usage, and say so', async () => {
    const { frames } = await stream('/v1', {
      model: 'sandbox/echo:no_usage',
      messages: [{ role: 'user', content: 'one two three four' }],
    });
    expect(chunkOf(frames.at(-3)).usage).toMatchObject({ completion_tokens: 4, estimated: true });
    const receipt = frames.at(-2)?.data as Receipt;
    expect(receipt.lineItems.map(({ estimated }) => estimated)).toEqual([true, true]);
  });

  it('send upstream what was asked, with our own model name, state and identifiers', async () => {
    const position = upstream.requests.length;
    await gateway.chat(key, {
      temperature: 0.5,
      max_tokens: 7,
      user: 'alice',
      metadata: { a: 'b' },
      unheard_of: 1,
      stream: true,
    });
    const { body, headers } = await upstream.arrived(position);
    expect(body).toMatchObject({
      model: 'upstream-model',
      temperature: 0.5,
      max_completion_tokens: 7,
      stream: true,
      stream_options: { include_usage: true },
    });
    expect(body).not.toHaveProperty('store');
    expect(body.user).toMatch(/^[0-9a-f]{64}$/);
    expect(body).not.toHaveProperty('unheard_of');
    expect(body).not.toHaveProperty('max_tokens');
    expect(headers.authorization).toBe('Bearer sk-upstream-secret');
    await gateway.idle();
  });
});
