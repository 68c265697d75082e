import { describe, expect, it } from '@jest/globals';
import type { JsonObject } from '../../../src/json.js';
import { parseRetryAfter } from '../../../src/providers/http/retry-after.js';
import { isErrorFrame, mapErrorFrame, mapRefusal } from '../../../src/providers/openai/map-error.js';

const nowMs = Date.parse('2026-11-22T12:00:00Z');
const chat = { messages: [], max_tokens: 5, temperature: 2 };

function refused(status: number, error: JsonObject = {}, retryAfter?: string) {
  return mapRefusal(
    status,
    { error: { message: 'SECRET upstream text', ...error } },
    { chat, nowMs, retryAfter },
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
    [529, 502, 'upstream_error', true, true],
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
      expect(mapRefusal(400, body, { chat, nowMs }).error.code).toBe('invalid_value');
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
    expect(mapErrorFrame(frame, { chat, nowMs }).error.status).toBe(status);
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
