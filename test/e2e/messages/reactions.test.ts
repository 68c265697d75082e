import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { says } from '../../support/chat-scripts.js';
import { chatChunk, sse, usageChunk } from '../../support/chat-wire.js';
import { OpenStream } from '../../support/gateway-client.js';
import { fileFor, TestGateway } from '../../support/gateway.js';
import { accumulated, MessagesClient } from '../../support/messages-client.js';
import { answersMessage, refusesMessage } from '../../support/messages-wire.js';
import {
  refusal,
  startScriptedUpstream,
  type Handler,
  type ScriptedUpstream,
} from '../../support/scripted-upstream.js';
import { framesOf } from '../../support/sse-frames.js';

/**
 * What Claude Code makes of an answer depends on its status, two headers and a few words. For each of its reactions:
 * what the gateway sends.
 */
let upstream: ScriptedUpstream;
let gateway: TestGateway;
let client: MessagesClient;
const others: Partial<Record<string, MessagesClient>> = {};

beforeAll(async () => {
  upstream = await startScriptedUpstream();
  const chat = fileFor(upstream.url);
  const [same, ofSame] = [
    { id: 'same', type: 'anthropic', base_url: upstream.url, api_key: 'secret' },
    { ...chat.models[0], id: 'same', targets: [{ provider: 'same', model: 'm' }] },
  ];
  gateway = await TestGateway.start({
    file: { providers: [...chat.providers, same], models: [...chat.models, ofSame] },
    environment: {
      BUDGET_WAIT_MS: '0',
      STREAM_HEAD_MS: '20',
      KEEP_ALIVE_MS: '20',
      IDEMPOTENCY_WAIT_MS: '1',
      MAX_BODY_BYTES: '20000',
    },
  });
  const clientOf = async (settings: object): Promise<MessagesClient> =>
    new MessagesClient(gateway.url, { 'x-api-key': (await gateway.createKey(settings)).key });
  client = await clientOf({ budget_limit: '100000000' });
  others['poor'] = await clientOf({ budget_limit: '3' });
  others['narrow'] = await clientOf({ allowed_models: ['sandbox/echo'] });
  others['slow'] = await clientOf({ rate_limit_rpm: 1 });
  await others['slow'].create();
  others['nobody'] = new MessagesClient(gateway.url, { 'x-api-key': 'compose-nobody-knows-this-key' });
});
beforeEach(() => upstream.reset());
afterAll(async () => {
  await gateway.close();
  await upstream.close();
});

/** Whether it would be sent again, and after how long it asks to wait. */
function adviceOf({ status, headers }: Response): readonly unknown[] {
  return [status, headers.get('x-should-retry') !== 'false', headers.has('retry-after')];
}

const after =
  (handler: Handler, body: object = {}) =>
  (): Promise<Response> => {
    upstream.always(handler);
    return client.create(body);
  };
const SAME = { model: 'same' };

describe('what Claude Code would send again up to ten times', () => {
  it.each<[string, () => Promise<Response>, number]>([
    ['a budget that is used up', () => others['poor']!.create(), 402],
    ['a model that the key may not use', () => others['narrow']!.create(), 403],
    ['a wrong key', () => others['nobody']!.create(), 401],
    ['an unknown model', () => client.create({ model: 'nobody' }), 404],
    ['a wrong value', () => client.create({ max_tokens: -1 }), 400],
    ['a body that is too long', () => client.create({ system: 'a'.repeat(30_000) }), 413],
    ['what a chat upstream refuses', after(refusal(400)), 400],
    ['what an upstream of its wire refuses', after(refusesMessage(400, 'No.'), SAME), 400],
  ])('is final where it stays so: %s', async (_name, send, status) => {
    expect(adviceOf(await send())).toEqual([status, false, false]);
  });

  it.each<[string, () => Promise<Response>, number, boolean]>([
    ['the key’s own rate limit', () => others['slow']!.create(), 429, true],
    ['the provider’s limit', after(refusal(429)), 429, true],
    ['an upstream that is away', after(refusal(503)), 503, true],
    ['an upstream that is overloaded', after(refusesMessage(529, '', 'overloaded_error'), SAME), 529, false],
    ['an upstream that fails', after(refusal(500)), 502, false],
  ])('may be sent again: %s', async (_name, send, status, waits) => {
    expect(adviceOf(await send())).toEqual([status, true, waits]);
  });

  it('is told what is running, and what can never be joined', async () => {
    const once = { 'idempotency-key': 'the-same' };
    const running = new Promise<Parameters<Handler>[0]>((resolve) => upstream.next(resolve));
    const first = client.create({}, once);
    const exchange = await running;
    expect(adviceOf(await client.create({}, once))).toEqual([409, true, true]);
    expect(adviceOf(await client.create({ max_tokens: 9 }, once))).toEqual([409, false, false]);
    says([{ content: 'Hello' }])(exchange);
    await first;
  });
});

describe('words that Claude Code acts on', () => {
  it.each<[string, () => Promise<Response>]>([
    ['a wrong key', () => others['nobody']!.create()],
    ['no key', () => new MessagesClient(gateway.url, {}).create()],
    ['the operator’s key', after(refusesMessage(401, 'invalid x-api-key', 'authentication_error'), SAME)],
    ['the operator’s account', after(refusesMessage(400, 'Your credit balance is too low to …'), SAME)],
    ['a budget', () => others['poor']!.create()],
  ])('never turn the message into words about claude.ai: %s', async (_name, send) => {
    const text = await (await send()).text();
    expect(text).not.toMatch(/invalid x-api-key|credit balance is too low/i);
  });

  it('about a full context are the same from every upstream', async () => {
    for (const send of [
      after(refusal(400, { code: 'context_length_exceeded', prompt_tokens: 250_000 })),
      after(refusesMessage(400, 'prompt is too long: 250000 tokens > 200000 maximum'), SAME),
    ]) {
      const { error } = (await (await send()).json()) as { error: object };
      expect(error).toMatchObject({ message: 'prompt is too long: 250000 tokens > 100000 maximum' });
    }
  });

  it('about a limit of output are never needed: more than the model gives is lowered', async () => {
    for (const [body, field] of [
      [{}, 'max_completion_tokens'],
      [SAME, 'max_tokens'],
    ] as const) {
      upstream.reset();
      upstream.always(field === 'max_tokens' ? answersMessage([]) : says([{ content: 'Hello' }]));
      expect((await client.create({ ...body, max_tokens: 64_000 })).status).toBe(200);
      expect(upstream.requests[0]?.body[field]).toBe(1_000);
    }
  });
});

describe('a stream for Claude Code', () => {
  it('has its head and pings before the first word, and begins with that word', async () => {
    const asked = new Promise<Parameters<Handler>[0]>((resolve) => upstream.next(resolve));
    const stream = new OpenStream(await client.create({ stream: true }));
    const exchange = await asked;
    await stream.shows('event: ping\ndata: {"type":"ping"}\n\nevent: ping');
    expect(stream.text).not.toContain('message_start');
    says([{ content: 'Hello' }])(exchange);
    expect(accumulated(await stream.frames()).content).toEqual([{ type: 'text', text: 'Hello' }]);
  });

  it.each<[string, Handler]>([
    ['is cut', (exchange) => exchange.breakConnection()],
    ['says an error', (exchange) => exchange.end(sse({ error: { type: 'server_error' } }))],
    ['ends without a reason', (exchange) => exchange.end(sse('[DONE]'))],
  ])('ends with an error, and neither clean nor cut, when its upstream %s', async (_name, end) => {
    upstream.next(async (exchange) => {
      await exchange.send(sse(chatChunk({ role: 'assistant', content: 'Hel' })));
      await end(exchange);
    });
    const names = (await client.frames()).map(({ event }) => event).filter((name) => name !== 'ping');
    expect(names.slice(-2)).toEqual(['content_block_delta', 'error']);
    expect(names).not.toContain('message_delta');
  });

  it.each([
    ['stop', 'end_turn'],
    ['length', 'max_tokens'],
    ['content_filter', 'refusal'],
  ])('ends a chat upstream’s %s as %s', async (reason, shown) => {
    upstream.always(says([{ content: 'Hello' }], reason));
    const [whole, streamed] = [await client.message(), accumulated(await client.frames())];
    expect([whole.stop_reason, streamed.stop_reason]).toEqual([shown, shown]);
  });

  it.each(['pause_turn', 'model_context_window_exceeded', 'refusal', 'a_new_reason'])(
    'ends as an upstream of its wire says: %s',
    async (stop_reason) => {
      upstream.always(answersMessage([{ type: 'text', text: 'Hello' }], { stop_reason }));
      const [whole, streamed] = [await client.message(SAME), accumulated(await client.frames(SAME))];
      expect([whole.stop_reason, streamed.stop_reason]).toEqual([stop_reason, stop_reason]);
    },
  );

  it('has tool ids that never come twice, whatever the upstream calls them', async () => {
    const call = { index: 0, id: 'call_0', type: 'function', function: { name: 'f', arguments: '{}' } };
    upstream.always((exchange) =>
      exchange.stream(
        chatChunk({ role: 'assistant', tool_calls: [call] }),
        chatChunk({}, 'stop'),
        usageChunk({ prompt_tokens: 0, completion_tokens: 0, total_tokens: 0 }),
      ),
    );
    const messages = [accumulated(await client.frames()), accumulated(await client.frames())];
    const ids = messages.flatMap(({ content }) => content.map(({ id }) => id));
    expect(new Set(ids).size).toBe(2);
    // A call decides, whatever reason is given.
    expect(messages.map(({ stop_reason }) => stop_reason)).toEqual(['tool_use', 'tool_use']);
  });

  it('says how long its prompt is from the beginning', async () => {
    const start = framesOf(await (await client.create({ stream: true })).text()).find(
      ({ event }) => event === 'message_start',
    );
    const { usage } = (start?.data as { message: { usage: Record<string, number> } }).message;
    expect(usage['input_tokens']).toBeGreaterThan(0);
  });

  it('takes thinking back without a signature, as it sends it where there was none', async () => {
    const thinking = { type: 'thinking', thinking: 'Hm.', signature: '' };
    const messages = [
      { role: 'user', content: 'a' },
      { role: 'assistant', content: [thinking, { type: 'text', text: 'b' }] },
      { role: 'user', content: 'c' },
    ];
    expect((await client.create({ messages })).status).toBe(200);
  });
});
