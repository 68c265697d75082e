import { describe, expect, it } from '@jest/globals';
import type { JsonObject } from '../../../src/base/json.js';
import type { TextAttempt } from '../../../src/providers/text/text-provider.js';
import { GoogleTextProvider } from '../../../src/providers/google/google-text-provider.js';
import { geminiBaseUrl, modelPath } from '../../../src/providers/google/base-url.js';
import { UpstreamFailure } from '../../../src/providers/upstream-failure.js';
import { chatPrompt } from '../../support/chat-prompt.js';
import { recordedJson, replayed } from '../../support/recorded-answers.js';
import type { Exchange } from '../../support/scripted-upstream.js';
import { ImageFixture } from '../image/image-fixture.js';
import { PNG } from '../image/image-host.js';
import { attemptFor, modelFor, outcomeOf, requestFor, spokenText, targetFor } from '../support.js';
import { GeminiFixture, MODEL, SIGNATURE, signed } from './gemini-fixture.js';

const gemini = new GeminiFixture();
const images = new ImageFixture();

const CALLED = [
  { role: 'user', content: 'Go' },
  {
    role: 'assistant',
    content: null,
    tool_calls: [
      { id: 'a', type: 'function', function: { name: 'f', arguments: '{}' }, ...signed(SIGNATURE) },
    ],
  },
  { role: 'tool', tool_call_id: 'a', content: 'x' },
];

function refuses(message: string, status = 400): void {
  gemini.upstream.next((exchange) =>
    exchange.json({ error: { code: status, message, status: 'INVALID_ARGUMENT' } }, status),
  );
}

/** The signatures of the calls in the request that the upstream got last. */
function sentSignatures(): unknown[] {
  const { contents } = gemini.upstream.requests.at(-1)!.body as { contents: { parts: JsonObject[] }[] };
  return contents
    .flatMap(({ parts }) => parts)
    .flatMap((part) => (part['functionCall'] ? [part['thoughtSignature']] : []));
}

async function failureOf(...asked: Parameters<GeminiFixture['ask']>): Promise<UpstreamFailure> {
  const { failure } = await gemini.ask(...asked);
  if (!(failure instanceof UpstreamFailure)) throw new Error('it did not fail');
  return failure;
}

describe('a request to the Gemini API', () => {
  it.each([
    [true, `/v1beta/models/${MODEL}:streamGenerateContent?alt=sse`, 'gemini/text.sse'],
    [false, `/v1beta/models/${MODEL}:generateContent`, 'gemini/text-whole.json'],
  ])('goes to its method, with the key as a header (stream: %p)', async (stream, path, answer) => {
    gemini.upstream.next(replayed(answer));
    const { events } = await gemini.ask({}, { stream });
    expect(spokenText(events)).toBe('Hello, wörld 🌍!');
    expect(events[0]).toEqual({ type: 'opened', provider: 'scripted', upstreamModel: MODEL, attempts: 1 });
    expect(gemini.upstream.requests).toMatchObject([
      { method: 'POST', path, headers: { 'x-goog-api-key': 'upstream-key' } },
    ]);
    expect(gemini.upstream.requests[0]?.headers.authorization).toBeUndefined();
    expect(gemini.upstream.requests[0]?.body).toEqual({
      contents: [{ role: 'user', parts: [{ text: 'Hi' }] }],
      generationConfig: { thinkingConfig: { includeThoughts: true } },
    });
  });

  it.each([
    ['https://generativelanguage.googleapis.com', '/v1beta'],
    ['https://generativelanguage.googleapis.com/v1beta', '/v1beta'],
    ['https://generativelanguage.googleapis.com/v1beta/openai', '/v1beta'],
    ['https://generativelanguage.googleapis.com/v1', '/v1'],
    ['https://aiplatform.googleapis.com/v1/publishers/google', '/v1/publishers/google'],
    ['https://proxy.example/gemini', '/gemini/v1beta'],
  ])('goes below the address of its provider: %s', (given, path) => {
    expect(new URL(geminiBaseUrl(given)).pathname).toBe(path);
  });

  it.each([
    ['gemini-3.8-flash', '/models/gemini-3.8-flash'],
    ['models/gemini-3.8-flash', '/models/gemini-3.8-flash'],
    ['tunedModels/a b', '/tunedModels/a%20b'],
    ['../x?y', '/models/..%2Fx%3Fy'],
    ['a/../../b', '/models/a%2F..%2F..%2Fb'],
    ['/a', '/models/%2Fa'],
  ])('names the model %s in its path', (model, path) => {
    expect(modelPath(model)).toBe(path);
  });

  it.each([
    ['logit_bias', { logit_bias: { 1: 5 } }],
    ['prediction', { prediction: { type: 'content', content: 'x' } }],
    ['functions', { functions: [{ name: 'f' }] }],
    ['stop', { stop: ['a', 'b', 'c', 'd', 'e', 'f'] }],
  ])('is refused before it is sent where the wire has no place for what it asks: %s', async (param, chat) => {
    const sent: string[] = [];
    const target = targetFor(gemini.settings, { upstreamModel: MODEL });
    const messages = [{ role: 'user', content: 'Hi' }];
    const request = requestFor(modelFor([target]), { prompt: chatPrompt({ messages, ...chat }) });
    const attempt: TextAttempt = {
      ...attemptFor(target, { request }),
      beforeSending: () => Promise.resolve(void sent.push('asked')),
    };
    const { failure } = await outcomeOf(gemini.provider.generate(attempt));
    expect(failure).toMatchObject({
      error: { code: 'unsupported_parameter', param, status: 400 },
      options: { retryable: false, targetFault: false },
    });
    expect(sent).toEqual([]);
    expect(gemini.upstream.requests).toEqual([]);
  });
});

describe('an image behind an address', () => {
  const asks = (...urls: string[]): JsonObject => ({
    messages: [
      {
        role: 'user',
        content: [
          { type: 'text', text: 'See' },
          ...urls.map((url) => ({ type: 'image_url', image_url: { url } })),
        ],
      },
    ],
  });

  async function askWith(chat: JsonObject, options: Parameters<ImageFixture['fetcher']>[0] = {}) {
    const provider = new GoogleTextProvider(gemini.settings, images.fetcher(options));
    const target = targetFor(gemini.settings, { upstreamModel: MODEL });
    const request = requestFor(modelFor([target]), { prompt: chatPrompt(chat) });
    const outcome = await outcomeOf(provider.generate(attemptFor(target, { request })));
    await provider.destroy();
    return outcome;
  }

  it('is fetched under the guard, once, and goes up inside', async () => {
    gemini.upstream.next(replayed('gemini/text.sse'));
    const url = images.at('/a.png');
    const { failure } = await askWith(asks(url, url));
    expect(failure).toBeUndefined();
    const inlineData = { mimeType: 'image/png', data: PNG.toString('base64') };
    expect(gemini.upstream.requests[0]?.body).toMatchObject({
      contents: [{ parts: [{ text: 'See' }, { inlineData }, { inlineData }] }],
    });
    expect(images.host.requests).toHaveLength(1);
  });

  it.each([
    ['is not public', 'https://images.test/a.png', { allow: [] }],
    ['is not https', 'http://images.test/a.png', {}],
  ])('that %s is 400, and nothing is sent', async (_name, url, options) => {
    const { failure } = await askWith(asks('data:image/png;base64,AAAA', url), options);
    expect(failure).toMatchObject({
      error: { code: 'invalid_value', param: 'messages[0].content[2].image_url.url' },
      options: { retryable: false, targetFault: false },
    });
    expect(gemini.upstream.requests).toEqual([]);
  });

  it('is one of a bounded number', async () => {
    const urls = Array.from({ length: 65 }, (_, index) => images.at(`/${index}.png`));
    const { failure } = await askWith(asks(...urls));
    expect(failure).toMatchObject({
      error: { code: 'invalid_value', param: 'messages[0].content[65].image_url.url' },
    });
    expect(images.host.requests).toEqual([]);
  });

  it.each(['ends', 'is left', 'is refused'] as const)('takes room until its call %s', async (way) => {
    const held = images.fetcher({ heldBytes: 4 * PNG.length });
    const provider = new GoogleTextProvider(gemini.settings, held);
    const target = targetFor(gemini.settings, { upstreamModel: MODEL });
    const request = requestFor(modelFor([target]), { prompt: chatPrompt(asks(images.at('/a.png'))) });
    const leaving = new AbortController();
    const ask = (signal = new AbortController().signal) =>
      outcomeOf(provider.generate(attemptFor(target, { request, signal })));
    const running = new Promise<Exchange>((resolve) => gemini.upstream.next(resolve));
    const first = ask(leaving.signal);
    const exchange = await running;
    expect((await ask()).failure).toMatchObject({ error: { code: 'service_unavailable', status: 503 } });

    if (way === 'ends') await replayed('gemini/text.sse')(exchange);
    else if (way === 'is left') leaving.abort();
    else exchange.json({ error: { code: 400, message: 'No.', status: 'INVALID_ARGUMENT' } }, 400);
    expect((await first).failure === undefined).toBe(way === 'ends');
    gemini.upstream.next(replayed('gemini/text.sse'));
    expect((await ask()).failure).toBeUndefined();
    await provider.destroy();
  });

  it('is named as the client knows it', async () => {
    const toClientParam = (): string => 'input';
    const failure = await failureOf(asks('http://images.test/a.png'), { toClientParam });
    expect(failure.error).toMatchObject({ code: 'invalid_value', param: 'input' });
    expect(failure.error.message).not.toContain('messages');
  });
});

describe('a signature that does not hold', () => {
  it.each([
    'Unable to submit request because Thought signature is not valid.',
    'Corrupted thought signature.',
    'Invalid thought signature',
  ])('is left out of the next request, and of all later ones: %s', async (message) => {
    refuses(message);
    const failure = await failureOf({ messages: CALLED });
    expect(sentSignatures()).toEqual([SIGNATURE]);
    expect(failure).toMatchObject({ error: { code: 'invalid_value' }, options: { trial: { remedy: {} } } });
    for (let turn = 0; turn < 2; turn += 1) {
      refuses(message);
      // Nothing can be left out any more.
      expect((await failureOf({ messages: CALLED })).options.trial).toBeUndefined();
      expect(sentSignatures()).toEqual(['skip_thought_signature_validator']);
    }
  });

  it('is no matter of other refusals', async () => {
    refuses('Something else.');
    expect((await failureOf({ messages: CALLED })).options.trial).toBeUndefined();
    gemini.upstream.next(replayed('gemini/text.sse'));
    await gemini.ask({ messages: CALLED });
    expect(sentSignatures()).toEqual([SIGNATURE]);
  });

  it('is demanded by a model whose name does not say so, from then on', async () => {
    const unsigned = CALLED.map((message) =>
      message.role === 'assistant'
        ? {
            ...message,
            tool_calls: [{ id: 'a', type: 'function', function: { name: 'f', arguments: '{}' } }],
          }
        : message,
    );
    refuses('Function call is missing a thought_signature in functionCall parts.');
    const failure = await failureOf({ messages: unsigned }, {}, 'my-model');
    expect(sentSignatures()).toEqual([undefined]);
    expect(failure.options.trial).toEqual({ remedy: {} });
    gemini.upstream.next(replayed('gemini/text.sse'));
    await gemini.ask({ messages: unsigned }, {}, 'my-model');
    expect(sentSignatures()).toEqual(['skip_thought_signature_validator']);
  });
});

describe('a refusal', () => {
  it('names the field of the chat body, in our own words', async () => {
    gemini.upstream.next((exchange) => exchange.json(recordedJson('gemini/field-violation.400.json'), 400));
    expect((await failureOf({ temperature: 2 })).error).toMatchObject({
      param: 'temperature',
      message: "The model's provider does not accept this value of `temperature`.",
    });
    gemini.upstream.next((exchange) => exchange.json(recordedJson('gemini/field-violation.400.json'), 400));
    expect((await failureOf()).error).toMatchObject({ code: 'invalid_value', param: null });
  });

  it('says how long to wait', async () => {
    gemini.upstream.next(replayed('gemini/quota.429.json'));
    expect(await failureOf()).toMatchObject({
      error: { retryAfterSeconds: 35 },
      options: { retryable: true, retryAfterMs: 34_070 },
    });
  });

  it('counts the input that was too long', async () => {
    gemini.upstream.next(replayed('gemini/context-full.400.json'));
    const { error } = await failureOf();
    expect(error.param).toBe('messages');
    expect(error.message).toContain('your input resulted in 1200000 tokens');
  });
});
