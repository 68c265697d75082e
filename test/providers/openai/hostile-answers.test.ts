import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { OpenAiTextProvider } from '../../../src/providers/openai/openai-text-provider.js';
import { UpstreamFailure } from '../../../src/providers/upstream-failure.js';
import { chatAnswer, chatChunk, sse } from '../../support/chat-wire.js';
import { replayed } from '../../support/recorded-answers.js';
import {
  type Handler,
  type ScriptedUpstream,
  refusal,
  startScriptedUpstream,
} from '../../support/scripted-upstream.js';
import {
  attemptFor,
  modelFor,
  outcomeOf,
  requestFor,
  settingsFor,
  spokenText,
  targetFor,
} from '../support.js';

let upstream: ScriptedUpstream;
let provider: OpenAiTextProvider;

beforeAll(async () => {
  upstream = await startScriptedUpstream();
  provider = new OpenAiTextProvider(settingsFor(upstream.url));
});

beforeEach(() => upstream.reset());

afterAll(async () => {
  await provider.destroy();
  await upstream.close();
});

async function failureOf(
  handler: Handler,
  stream: boolean,
): Promise<{ code: string; text: string; shown: string }> {
  upstream.next(handler);
  const target = targetFor(settingsFor(upstream.url));
  const request = requestFor(modelFor([target]), { stream });
  const { events, failure } = await outcomeOf(provider.generate(attemptFor(target, { request })));
  if (!(failure instanceof UpstreamFailure)) throw new Error(`unexpected outcome: ${JSON.stringify(events)}`);
  return { code: failure.error.code, text: spokenText(events), shown: failure.error.message };
}

const partial = chatChunk({ content: 'partial' });
const html = '<html><body>Bad gateway at internal-host</body></html>';

describe('a stream is an upstream_error, never a success,', () => {
  it.each<[string, string, Handler]>([
    ['ends without a finish reason', 'partial', replayed('vllm-error-in-stream.sse', { frames: 2 })],
    ['says [DONE] without a finish reason', 'partial', (exchange) => exchange.stream(partial)],
    ['is empty', '', (exchange) => exchange.end()],
    ['is only [DONE]', '', (exchange) => exchange.stream()],
    ['has no choice', '', (exchange) => exchange.stream(chatChunk({}, null, { choices: [] }))],
    ['is HTML', '', (exchange) => exchange.end(html)],
    [
      'is garbage',
      '',
      (exchange) => void exchange.send(gzipSync(Buffer.alloc(9_999, 'x'))).then(() => exchange.end()),
    ],
    ['ends in half a frame', 'partial', (exchange) => exchange.end(`${sse(partial)}data: {"choices":[{"in`)],
    ['has a frame that is not JSON', 'partial', (exchange) => exchange.end(sse(partial, '{{'))],
    ['has a frame that is no object', 'partial', (exchange) => exchange.end(sse(partial, '[]', '5'))],
    [
      'finishes only one of its two choices',
      'partial',
      (exchange) =>
        exchange.stream(
          partial,
          chatChunk({}, null, { choices: [{ index: 1, delta: {}, finish_reason: 'stop' }] }),
        ),
    ],
    [
      'breaks in the middle',
      'partial',
      async (exchange) => {
        await exchange.send(sse(partial));
        exchange.breakConnection();
      },
    ],
  ])('which %s', async (_name, text, handler) => {
    expect(await failureOf(handler, true)).toMatchObject({ code: 'upstream_error', text });
  });

  it('but maps an error frame by its code', async () => {
    const failure = await failureOf(replayed('openrouter-rate-limit-in-stream.sse'), true);
    expect(failure).toMatchObject({ code: 'rate_limit_exceeded', text: 'partial' });
    expect(failure.shown).not.toContain('SECRET');
  });
});

it.each([true, false])(
  'an error of a choice is one of the answer, behind its words (stream: %p)',
  async (stream) => {
    const error = { code: 429, message: 'SECRET' };
    const delta = { content: 'partial' };
    const choice = { index: 0, delta, message: delta, finish_reason: 'stop', error };
    const body = chatChunk({}, null, { choices: [choice] });
    const told: Handler = (exchange) => (stream ? exchange.stream(body) : exchange.json(body));
    const failure = await failureOf(told, stream);
    expect(failure).toMatchObject({ code: 'rate_limit_exceeded', text: stream ? 'partial' : '' });
    expect(failure.shown).not.toContain('SECRET');
  },
);

describe('a whole answer is an upstream_error', () => {
  it.each<[string, Handler]>([
    ['empty', (exchange) => exchange.end()],
    ['HTML', (exchange) => exchange.end(html)],
    ['a stream that breaks off', (exchange) => exchange.end(sse(partial))],
    ['half a body', (exchange) => exchange.end(JSON.stringify(chatAnswer({ content: 'Hi' })).slice(0, 40))],
    ['a list', (exchange) => exchange.json([])],
    ['without choices', (exchange) => exchange.json(chatAnswer({}, 'stop', { choices: [] }))],
    ['an error with status 200', (exchange) => exchange.json({ error: { message: 'x' } })],
    [
      'shorter than announced',
      async (exchange) => {
        exchange.head(200, { 'content-length': '500' });
        await exchange.send('{"choices":');
        exchange.breakConnection();
      },
    ],
  ])('when it is %s', async (_name, handler) => {
    expect(await failureOf(handler, false)).toMatchObject({ code: 'upstream_error' });
  });

  it('also when it is a redirect, which is not followed', async () => {
    const elsewhere: Handler = (exchange) => {
      exchange.head(307, { location: `${upstream.url}/elsewhere` });
      exchange.end();
    };
    expect(await failureOf(elsewhere, false)).toMatchObject({ code: 'upstream_error' });
    expect(upstream.requests).toHaveLength(1);
  });

  it('when its error body has no end, and gives the socket back', async () => {
    const endless: Handler = async (exchange) => {
      exchange.head(500, { 'content-type': 'application/json' });
      while (await exchange.send(' '.repeat(65_536)));
    };
    expect(await failureOf(endless, false)).toMatchObject({ code: 'upstream_error' });
  });

  it('shows nothing of what the upstream wrote', async () => {
    const failure = await failureOf(
      refusal(400, { message: 'SECRET', param: 'organization', code: 'x' }),
      false,
    );
    expect(failure).toMatchObject({ code: 'invalid_value' });
    expect(failure.shown).not.toContain('SECRET');
  });
});
