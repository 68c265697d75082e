import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { GatewayError } from '../../src/base/errors/gateway-error.js';
import { MAX_JSON_DEPTH } from '../../src/http/json-bounds.js';
import { parseJsonBody } from '../../src/http/parse-json-body.js';

describe('a JSON body', () => {
  it('may begin with a byte order mark', () => {
    expect(parseJsonBody(Buffer.from('\ufeff{"a":1}'))).toEqual({ a: 1 });
  });

  it('may be nested up to its bound and not deeper', () => {
    const nested = (levels: number): Buffer => Buffer.from(`${'{"a":'.repeat(levels)}1${'}'.repeat(levels)}`);
    expect(() => parseJsonBody(nested(MAX_JSON_DEPTH))).not.toThrow();
    expect(() => parseJsonBody(nested(MAX_JSON_DEPTH + 1))).toThrow('nested too deeply');
    expect(() => parseJsonBody(nested(1_000_000))).toThrow(GatewayError);
  });

  it.each([
    ['bytes that are not UTF-8', Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x7d]), 'not valid UTF-8'],
    ['nothing', Buffer.alloc(0), 'is empty'],
    ['null', Buffer.from('null'), 'not null'],
    ['an array', Buffer.from('[]'), 'not an array'],
    ['a string', Buffer.from('"x"'), 'not a string'],
  ])('is refused in words: %s', (_name, bytes, words) => {
    expect(() => parseJsonBody(bytes)).toThrow(words);
  });

  it('is never quoted in a refusal', () => {
    try {
      parseJsonBody(Buffer.from('{"prompt": secret}'));
    } catch (thrown) {
      expect(String(thrown)).not.toContain('secret');
      expect(JSON.stringify((thrown as GatewayError).cause)).not.toContain('secret');
    }
    expect.assertions(2);
  });

  it('of any bytes is read or refused, never crashed on', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.uint8Array(),
          fc.json().map((text) => Buffer.from(text)),
        ),
        (bytes) => {
          try {
            expect(typeof parseJsonBody(Buffer.from(bytes))).toBe('object');
          } catch (thrown) {
            expect(thrown).toHaveProperty('code', 'invalid_json');
          }
        },
      ),
    );
  });
});
