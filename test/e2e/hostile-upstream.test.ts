import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { chatAnswer, chatChunk, sse } from '../support/chat-wire.js';
import { TestGateway, type CreatedKey } from '../support/gateway.js';
import {
  refusal,
  startScriptedUpstream,
  type Handler,
  type ScriptedUpstream,
} from '../support/scripted-upstream.js';
import { framesOf } from '../support/sse-frames.js';

/** Stands in whatever the upstream says; no client may ever see it. */
const SECRET = 'org-acme-internal';

/**
 * One model with the usual patience, and two for an upstream that says nothing, from the beginning or in the middle:
 * short, or the test takes long.
 */
function fileOf(url: string): object {
  const patient = { id: 'patient', type: 'openai', base_url: url, api_key: 'sk-upstream-secret' };
  const model = { context_window: 100_000, max_output_tokens: 1_000, pricing: { input: 1, output: 2 } };
  return {
    providers: [
      patient,
      {
        ...patient,
        id: 'impatient',
        first_byte_timeout_ms: 2_000,
        timeout_ms: 5_000,
      },
      { ...patient, id: 'attentive', silence_timeout_ms: 300 },
    ],
    models: [
      { ...model, id: 'test-model', targets: [{ provider: 'patient', model: 'upstream-model' }] },
      { ...model, id: 'impatient-model', targets: [{ provider: 'impatient', model: 'upstream-model' }] },
      { ...model, id: 'attentive-model', targets: [{ provider: 'attentive', model: 'upstream-model' }] },
    ],
  };
}
const MODELS = new Map([
  ['silence', 'impatient-model'],
  ['falls silent', 'attentive-model'],
]);
const modelFor = (name: string): string => MODELS.get(name) ?? 'test-model';

let upstream: ScriptedUpstream;
let gateway: TestGateway;
let created: CreatedKey;

beforeAll(async () => {
  upstream = await startScriptedUpstream();
  gateway = await TestGateway.start({ file: fileOf(upstream.url) });
});
beforeEach(async () => {
  upstream.reset();
  created = await gateway.createKey({ budget_limit: '1000000' });
});
afterAll(async () => {
  await gateway.close();
  await upstream.close();
});

const error = (status: number, fields: Record<string, string> = {}, headers = {}): Handler =>
  refusal(status, { message: SECRET, ...fields }, headers);
const raw =
  (bytes: string): Handler =>
  (exchange) =>
    exchange.end(bytes);

const BEFORE_FIRST_TOKEN: readonly [string, Handler, number, string][] = [
  ['400', error(400, { param: 'temperature' }), 400, 'invalid_value'],
  ['400 context length', error(400, { code: 'context_length_exceeded' }), 400, 'context_length_exceeded'],
  ['400 content filter', error(400, { code: 'content_filter' }), 400, 'content_filter'],
  ['401', error(401, { code: 'invalid_api_key' }), 502, 'upstream_error'],
  ['402', error(402), 502, 'upstream_error'],
  ['403', error(403), 502, 'upstream_error'],
  ['404', error(404), 502, 'upstream_error'],
  ['429', error(429, {}, { 'retry-after': '7' }), 429, 'rate_limit_exceeded'],
  ['500', error(500), 502, 'upstream_error'],
  ['503', error(503), 503, 'upstream_unavailable'],
  ['garbage', raw(`\u0000\u0001${SECRET}`), 502, 'upstream_error'],
  ['half a frame', raw(`data: {"id":"${SECRET}`), 502, 'upstream_error'],
  ['nothing', raw(''), 502, 'upstream_error'],
  [
    'a page',
    (exchange) => {
      exchange.head(200, { 'content-type': 'text/html' });
      exchange.end(`<h1>${SECRET}</h1>`);
    },
    502,
    'upstream_error',
  ],
  ['silence', () => undefined, 504, 'upstream_timeout'],
  ['a cut connection', (exchange) => exchange.breakConnection(), 502, 'upstream_error'],
  ['an error frame', raw(sse({ error: { message: SECRET, code: 'server_error' } })), 502, 'upstream_error'],
];

describe('an upstream that answers before the first token with', () => {
  const cases = BEFORE_FIRST_TOKEN.flatMap(([name, handler, status, code]) =>
    [true, false].map((stream) => ({ name, handler, status, code, stream })),
  );
  it.each(cases)('$name gives $status $code (stream: $stream) and costs nothing', async (one) => {
    upstream.always(one.handler);
    const response = await gateway.chat(created.key, { model: modelFor(one.name), stream: one.stream });
    const text = await response.text();
    expect(response.headers.get('content-type')).toMatch(/^application\/json/);
    const body = JSON.parse(text) as { error: Record<string, unknown> };
    expect(body.error.code).toBe(one.code);
    expect(response.status).toBe(one.status);
    expect(Object.keys(body.error).sort()).toEqual(['code', 'message', 'param', 'type']);
    expect(text).not.toContain(SECRET);
    if (one.status === 429) expect(Number(response.headers.get('retry-after'))).toBeGreaterThan(0);
    await gateway.idle();
    expect(await gateway.keyBudget(created.id)).toEqual({ spent: 0, held: 0 });
    expect(upstream.requests.length).toBeLessThanOrEqual(3);
  });
});

const begun = sse(chatChunk({ role: 'assistant', content: '' }), chatChunk({ content: 'one' }));

const MID_STREAM: readonly [string, Handler, string][] = [
  [
    'cuts the connection',
    async (exchange) => {
      await exchange.send(begun);
      exchange.breakConnection();
    },
    'upstream_error',
  ],
  ['ends without a finish reason', raw(begun), 'upstream_error'],
  ['says [DONE] without a finish reason', raw(`${begun}data: [DONE]\n\n`), 'upstream_error'],
  ['sends garbage', raw(`${begun}data: {${SECRET}\n\n`), 'upstream_error'],
  ['sends an error frame', raw(begun + sse({ error: { message: SECRET } })), 'upstream_error'],
  ['falls silent', async (exchange) => exchange.send(begun), 'upstream_timeout'],
];

describe('an upstream that in the middle of a stream', () => {
  it.each(MID_STREAM)('%s ends it with an error, the receipt and [DONE]', async (name, handler, code) => {
    upstream.next(handler);
    const response = await gateway.chat(created.key, { model: modelFor(name), stream: true });
    expect(response.status).toBe(200);
    const text = await response.text();
    expect(text).not.toContain(SECRET);
    const frames = framesOf(text);
    expect(frames.slice(-4).map(({ event }) => event)).toEqual([
      undefined,
      'compose.error',
      'compose.receipt',
      undefined,
    ]);
    expect(frames.at(-4)?.data).toEqual({
      error: { message: expect.any(String) as unknown, type: 'upstream_error', param: null, code },
    });
    expect(frames.at(-3)?.data).toMatchObject({ code });
    expect(frames.at(-2)?.data).toMatchObject({ finalAmountWei: '4' });
    expect(frames.at(-1)?.data).toBe('[DONE]');
    expect(await gateway.keyBudget(created.id)).toEqual({ spent: 4, held: 0 });
  });

  it.each(MID_STREAM)('%s ends the external stream with an error and [DONE]', async (name, handler, code) => {
    upstream.next(handler);
    const response = await gateway.chat(
      created.key,
      { model: modelFor(name), stream: true },
      { path: '/external/v1' },
    );
    const frames = framesOf(await response.text());
    expect(frames.slice(-2)).toEqual([
      {
        event: undefined,
        data: { error: expect.objectContaining({ code, type: 'upstream_error' }) as unknown },
      },
      { event: undefined, data: '[DONE]' },
    ]);
    expect(frames.every(({ event }) => event === undefined)).toBe(true);
    await gateway.idle();
  });
});

describe('a whole answer that breaks off', () => {
  it.each<[string, Handler]>([
    [
      'in the middle of its JSON',
      async (exchange) => {
        exchange.head(200, { 'content-type': 'application/json' });
        await exchange.send(JSON.stringify(chatAnswer({ content: 'one' })).slice(0, 80));
        exchange.breakConnection();
      },
    ],
    ['without choices', (exchange) => exchange.json({ object: 'chat.completion' })],
  ])('%s is 502 and free', async (_name, handler) => {
    upstream.always(handler);
    const response = await gateway.chat(created.key, {});
    expect(response.status).toBe(502);
    await response.text();
    await gateway.idle();
    expect(await gateway.keyBudget(created.id)).toEqual({ spent: 0, held: 0 });
  });
});

describe('retries', () => {
  it('happen before the first byte only, and native tells how many attempts there were', async () => {
    upstream.next(error(500));
    const response = await gateway.chat(created.key, {});
    expect(response.status).toBe(200);
    expect(response.headers.get('x-compose-upstream-attempts')).toBe('2');
    await response.text();
  });

  it('do not happen for what the client did wrong', async () => {
    upstream.always(error(400));
    await (await gateway.chat(created.key, {})).text();
    expect(upstream.requests).toHaveLength(1);
  });
});
