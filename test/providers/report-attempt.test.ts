import { describe, expect, it } from '@jest/globals';
import type { ProviderSettings } from '../../src/catalog/model.js';
import type { JsonObject } from '../../src/base/json.js';
import { createLogger } from '../../src/app/logging/create-logger.js';
import { NestLogger } from '../../src/app/logging/nest-logger.js';
import { malformed } from '../../src/providers/http/malformed.js';
import { mapRefusal } from '../../src/providers/map-error.js';
import { reportAttempt } from '../../src/providers/report-attempt.js';
import { settingsFor, targetFor } from './support.js';

const prompt = 'My secret plan is to buy the whole village.';

function logged(failure: unknown, overrides: Partial<ProviderSettings> = {}): JsonObject | undefined {
  const lines: string[] = [];
  const logger = createLogger({ level: 'info', pretty: false }, { write: (line) => void lines.push(line) });
  reportAttempt(new NestLogger(logger), failure, {
    msg: 'an attempt at a provider failed',
    requestId: 'req_1',
    target: targetFor(settingsFor('http://up.test', { apiKey: 'operators-own-key', ...overrides })),
    attempt: 2,
    texts: () => [prompt],
  });
  return lines[0] === undefined ? undefined : (JSON.parse(lines[0]) as JsonObject);
}

function refused(status: number, error: JsonObject): unknown {
  return mapRefusal(status, { error }, { nowMs: 0 });
}

describe('the log of a refused attempt', () => {
  it('has what the upstream said, a 4xx too', () => {
    const error = {
      message: 'temperature is too high',
      type: 'invalid_request_error',
      param: 'temperature',
      code: 1210,
    };
    expect(logged(refused(400, error))).toMatchObject({
      msg: 'an attempt at a provider failed',
      requestId: 'req_1',
      provider: 'scripted',
      upstreamModel: 'upstream-model',
      attempt: 2,
      code: 'invalid_value',
      upstream: {
        status: 400,
        code: '1210',
        type: 'invalid_request_error',
        param: 'temperature',
        message: 'temperature is too high',
      },
    });
  });

  it('has no key, and no more than 300 characters', () => {
    const message = `Incorrect key operators-own-key, sk-proj-abcdef1234567890 or AIzaSyA1234567890abc. ${'x '.repeat(500)}`;
    const line = logged(refused(401, { message }));
    const text = JSON.stringify(line);
    expect(text).not.toMatch(/operators-own-key|sk-proj|AIza/);
    expect((line?.['upstream'] as JsonObject)['message']).toHaveLength(300);
  });

  it.each([
    ['a part of it', `Content "${prompt.slice(10, 40)}" is not allowed`],
    ['all of it', prompt],
  ])('has no message that quotes %s, unless the operator wants it', (_much, message) => {
    const failure = refused(400, { message, code: 'invalid_value' });
    expect(logged(failure)).toMatchObject({
      upstream: { code: 'invalid_value', message: '[quotes the request]' },
    });
    expect(logged(failure, { logUpstreamMessages: true })).toMatchObject({ upstream: { message } });
  });

  it('has no code, type or param that is no name', () => {
    const error = { message: 'x', code: prompt, type: prompt, param: prompt };
    expect(JSON.stringify(logged(refused(400, error)))).not.toContain('village');
  });

  it('has what broke without a word', () => {
    expect(logged(malformed('a stream without a finish reason'))).toMatchObject({ code: 'upstream_error' });
    expect(logged(new Error('the client left'))).toBeUndefined();
  });
});
