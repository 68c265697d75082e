import { describe, expect, it } from '@jest/globals';
import { GatewayError } from '../../../src/base/errors/gateway-error.js';
import { parseSandboxOptions } from '../../../src/providers/sandbox/sandbox-options.js';

const defaults = {
  ttftMs: 0,
  delayMs: 0,
  tokens: undefined,
  errorStatus: undefined,
  failAfterTokens: undefined,
  hangAfterTokens: undefined,
  noUsage: false,
};

function thrownBy(run: () => unknown): unknown {
  try {
    return run();
  } catch (failure) {
    return failure;
  }
}

describe('sandbox options', () => {
  it.each([
    ['', {}],
    ['ttft=300,delay=20,tokens=500', { ttftMs: 300, delayMs: 20, tokens: 500 }],
    ['error=429', { errorStatus: 429 }],
    ['fail_after=0', { failAfterTokens: 0 }],
    ['hang_after=7,no_usage', { hangAfterTokens: 7, noUsage: true }],
    ['tokens=1000000', { tokens: 1_000_000 }],
  ])('%p is read', (text, expected) => {
    expect(parseSandboxOptions(text)).toEqual({ ...defaults, ...expected });
  });

  it.each([
    'seconds=4',
    'fail',
    'flaky=2',
    'unknown=1',
    'ttft',
    'ttft=',
    'ttft=-1',
    'ttft=1.5',
    'ttft=1e3',
    'ttft=600001',
    'tokens=0',
    'tokens=1000001',
    'error=200',
    'error=600',
    'no_usage=1',
    'no_usage,no_usage',
    'ttft=1,ttft=2',
    'ttft=1,',
    ',',
    ' ttft=1',
    '__proto__=1',
    'constructor=1',
  ])('%p is refused', (text) => {
    const failure = thrownBy(() => parseSandboxOptions(text));
    expect(failure).toBeInstanceOf(GatewayError);
    expect(failure).toMatchObject({ code: 'invalid_value', param: 'model' });
  });
});
