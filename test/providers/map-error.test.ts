import { describe, expect, it } from '@jest/globals';
import type { JsonObject } from '../../src/base/json.js';
import { parseRetryAfter } from '../../src/providers/http/retry-after.js';
import { isErrorFrame, mapErrorFrame, mapRefusal } from '../../src/providers/map-error.js';
import { chatPrompt } from '../support/chat-prompt.js';
import { RECORDED, recordedJson } from '../support/recorded-answers.js';

const nowMs = Date.parse('2026-11-22T12:00:00Z');
const prompt = chatPrompt({ messages: [], max_tokens: 5, temperature: 2 });

function refused(status: number, error: JsonObject = {}, retryAfter?: string) {
  return mapRefusal(
    status,
    { error: { message: 'SECRET upstream text', ...error } },
    { prompt, nowMs, retryAfter },
  );
}

describe('a refusal of the upstream', () => {
  it.each([
    [400, 400, 'invalid_value', false, false],
    [401, 502, 'upstream_error', false, true],
    [402, 502, 'upstream_error', false, true],
    [403, 502, 'upstream_error', false, false],
    [404, 502, 'upstream_error', false, true],
    [408, 502, 'upstream_error', true, true],
    [409, 502, 'upstream_error', true, false],
    [413, 413, 'request_too_large', false, false],
    [418, 502, 'upstream_error', false, false],
    [422, 400, 'invalid_value', false, false],
    [429, 429, 'rate_limit_exceeded', true, false],
    [500, 502, 'upstream_error', true, true],
    [502, 502, 'upstream_error', true, true],
    [503, 503, 'upstream_unavailable', true, true],
    [504, 504, 'upstream_timeout', true, true],
    [529, 503, 'upstream_unavailable', true, true],
  ])('with status %d is %d %s', (status, shownStatus, code, retryable, targetFault) => {
    const { error, options } = refused(status);
    expect({ status: error.status, code: error.code }).toEqual({ status: shownStatus, code });
    expect(options).toMatchObject({ retryable, targetFault });
    expect(error.message).not.toContain('SECRET');
  });

  it.each([
    ['context_length_exceeded', 'context_length_exceeded'],
    ['content_filter', 'content_filter'],
    ['content_policy_violation', 'content_filter'],
  ])('with the code %s is %s whatever its status', (code, expected) => {
    for (const status of [400, 403, 500]) expect(refused(status, { code }).error.code).toBe(expected);
    expect(refused(400, { type: code }).error.code).toBe(expected);
  });

  it.each([
    ['temperature', 'temperature'],
    ['messages[0].content', 'messages[0].content'],
    ['messages.0.content', 'messages.0.content'],
    ['max_completion_tokens', 'max_tokens'],
    ['stream_options', null],
    ['organization', null],
    ['temperature https://upstream.test', null],
    ['__proto__', null],
    [`temperature${'x'.repeat(200)}`, null],
    [7, null],
  ])('about %j names %j', (param, expected) => {
    expect(refused(400, { param }).error.param).toBe(expected);
  });

  it.each([undefined, 'text', null, [], [{ error: { code: 400 } }], { detail: 'x' }])(
    'with the body %j is still mapped by its status',
    (body) => {
      expect(mapRefusal(400, body, { prompt, nowMs }).error.code).toBe('invalid_value');
    },
  );

  it('tells when to come back, one second if the upstream does not say', () => {
    expect(refused(429, {}, '7')).toMatchObject({
      error: { retryAfterSeconds: 7 },
      options: { retryAfterMs: 7_000 },
    });
    expect(refused(429).error.retryAfterSeconds).toBe(1);
    expect(refused(429).options.retryAfterMs).toBeUndefined();
    expect(refused(503, {}, '2').error.retryAfterSeconds).toBe(2);
  });
});

describe('a full context', () => {
  const window = { prompt, nowMs, contextWindow: 200_000 };
  const words = "This model's maximum context length is 200000 tokens.";

  const counted = 'llama-cpp-context-full.400.json';
  const full = RECORDED.filter((name) => /-context-full.*\.4\d\d\.json$/.test(name));

  it.each(full)(
    'is known from %s, whatever its status, with how long the input was if it says so',
    (name) => {
      const body = recordedJson(name);
      const length = name === counted ? ' However, your input resulted in 33056 tokens.' : '';
      for (const status of [400, 413, 422, 500]) {
        const { error, options } = mapRefusal(status, body, window);
        expect(error).toMatchObject({ code: 'context_length_exceeded', status: 400, param: 'messages' });
        expect(error.message).toBe(`${words}${length} Please reduce its length.`);
        expect(options).toMatchObject({ retryable: false, targetFault: false });
      }
      const first: unknown = Array.isArray(body) ? body[0] : body;
      expect(mapErrorFrame(first as JsonObject, window).error.code).toBe('context_length_exceeded');
    },
  );

  it('is not taken from a message', () => {
    const message = "This model's maximum context length is 5 tokens: context_length_exceeded";
    expect(refused(400, { message }).error.code).toBe('invalid_value');
  });
});

describe("what is the operator's fault", () => {
  it.each<[number, JsonObject]>([
    [429, { code: 'insufficient_quota' }],
    [429, { type: 'insufficient_quota' }],
    [429, { type: 'exceeded_current_quota_error' }],
    [403, { type: 'billing_error' }],
    [429, { code: '1113' }],
    [400, { code: 'model_not_found' }],
    [404, { code: 'DeploymentNotFound' }],
    [400, { param: 'model' }],
    [400, { param: 'model', code: 400, type: 'invalid_request_error' }],
    [400, { param: 'model', code: 'model_not_found', type: 'invalid_request_error' }],
    [402, {}],
    [404, {}],
    [407, {}],
  ])('%d %j is 502, and for another target', (status, error) => {
    const { error: shown, options } = refused(status, error);
    expect(shown).toMatchObject({ status: 502, code: 'upstream_error', param: null });
    expect(options).toMatchObject({ retryable: false, elsewhere: true, targetFault: true });
  });
});

describe('a request that does not suit its model', () => {
  it.each(['invalid_value', 'unsupported_value', 'unsupported_model_input'])('with %s is 400', (code) => {
    const { error, options } = refused(400, { param: 'model', code, type: 'invalid_request_error' });
    expect(error).toMatchObject({ status: 400, code: 'invalid_value' });
    expect(options).toMatchObject({ retryable: false, targetFault: false });
    expect(options.elsewhere).not.toBe(true);
  });
});

describe('a key that is refused', () => {
  it.each<[number, JsonObject]>([
    [400, { code: 400, details: [{ reason: 'API_KEY_INVALID' }] }],
    [400, { code: 'invalid_api_key' }],
    [401, {}],
  ])('with %d %j is 502, and a fault of the target', (status, error) => {
    const { error: shown, options } = refused(status, error);
    expect(shown).toMatchObject({ status: 502, code: 'upstream_error', param: null });
    expect(options).toMatchObject({ retryable: false, elsewhere: true, targetFault: true, ofKey: 'refused' });
  });
});

describe("a 400 on the client's own field", () => {
  const message =
    'temperature must be at most 1.5 for upstream-7b, see https://docs.up.test/x (org-Ab12, sk-abcdef123456)';

  it("keeps its message, without what is the operator's", () => {
    const { error } = mapRefusal(
      400,
      { error: { message, param: 'temperature' } },
      { prompt, nowMs, secrets: ['upstream-7b'] },
    );
    expect(error).toMatchObject({ code: 'invalid_value', param: 'temperature' });
    expect(error.message).toBe('temperature must be at most 1.5 for […], see […] ([…], […])');
  });

  it('is told in our words to a client of another wire, by the name that it has there', () => {
    const toClientParam = (param: string): string => `own.${param}`;
    const { error } = mapRefusal(
      400,
      { error: { message, param: 'temperature' } },
      { prompt, nowMs, toClientParam },
    );
    expect(error).toMatchObject({ param: 'own.temperature' });
    expect(error.message).not.toContain('1.5');
  });

  it('ends before a stack trace, and somewhere', () => {
    const trace = 'bad value\n    at parse (/srv/app/index.js:3:4)\nTraceback (most recent call last)';
    expect(refused(400, { message: trace, param: 'temperature' }).error.message).toBe('bad value');
    const long = refused(400, { message: 'long '.repeat(10_000), param: 'temperature' });
    expect(long.error.message.length).toBe(300);
  });
});

describe('an error frame inside a stream', () => {
  it.each([
    [{ error: { code: 'rate_limit_exceeded' } }, 429],
    [{ error: { code: 503 } }, 503],
    [{ error: { status: 429, code: 'x' } }, 429],
    [{ error: { code: '504' } }, 504],
    [{ error: { type: 'overloaded_error' } }, 503],
    [{ error: { type: 'invalid_request_error' } }, 400],
    [{ error: { code: 'context_length_exceeded' } }, 400],
    [{ error: { message: '429 rate limit' } }, 502],
    [{ error: 'just text' }, 502],
    [{ object: 'error', code: 400, message: 'x' }, 400],
  ])('%j is %d', (frame: JsonObject, status) => {
    expect(isErrorFrame(frame)).toBe(true);
    expect(mapErrorFrame(frame, { prompt, nowMs }).error.status).toBe(status);
  });

  it('is not seen where error is null', () => {
    expect(isErrorFrame({ error: null, choices: [] })).toBe(false);
  });
});

describe('Retry-After', () => {
  it.each([
    ['5', 5_000],
    ['0', 0],
    ['1.5', 1_500],
    ['86400', 3_600_000],
    ['Sun, 22 Nov 2026 12:00:30 GMT', 30_000],
    ['Sun, 22 Nov 2026 11:00:00 GMT', 0],
    ['soon', undefined],
    [undefined, undefined],
  ])('%j is %p ms', (value, expected) => {
    expect(parseRetryAfter(value, nowMs)).toBe(expected);
  });
});
