import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { GatewayError } from '../../src/base/errors/gateway-error.js';
import type { JsonObject, JsonValue } from '../../src/base/json.js';
import { parseEmbeddingsRequest } from '../../src/embeddings/embeddings-request.js';
import { mostTokensOf, refuseTooLong } from '../../src/embeddings/input-tokens.js';

function failure(sent: JsonObject): GatewayError {
  try {
    parseEmbeddingsRequest(sent);
  } catch (thrown) {
    if (thrown instanceof GatewayError) return thrown;
    throw thrown;
  }
  throw new Error('the request was accepted');
}

const inputOf = (input: JsonValue) => parseEmbeddingsRequest({ model: 'm', input }).input;

describe('a valid request', () => {
  it.each<[string, JsonValue, object]>([
    ['a text', 'Hi', { texts: ['Hi'] }],
    ['a blank', ' ', { texts: [' '] }],
    ['texts', ['Hi', 'there'], { texts: ['Hi', 'there'] }],
    ['the tokens of a text', [1, 0, 2_147_483_647], { tokens: [[1, 0, 2_147_483_647]] }],
    ['the tokens of texts', [[1, 2], [3]], { tokens: [[1, 2], [3]] }],
    ['as many texts as possible', new Array(2_048).fill('a'), { texts: new Array(2_048).fill('a') }],
    ['one long list of tokens', new Array(5_000).fill(1), { tokens: [new Array(5_000).fill(1)] }],
  ])('asks for %s', (_name, input, expected) => {
    expect(inputOf(input)).toEqual(expected);
  });

  it('is read with every field, and unknown fields stay in the body', () => {
    const sent = {
      model: 'm',
      input: 'Hi',
      encoding_format: 'base64',
      dimensions: 3,
      user: 'u',
      input_type: 'query',
    };
    expect(parseEmbeddingsRequest(sent)).toEqual({
      model: 'm',
      input: { texts: ['Hi'] },
      format: 'base64',
      dimensions: 3,
      body: sent,
    });
  });

  it('takes null for an optional field as its absence', () => {
    const sent = { model: 'm', input: 'Hi', encoding_format: null, dimensions: null, user: null };
    expect(parseEmbeddingsRequest(sent)).toEqual({
      model: 'm',
      input: { texts: ['Hi'] },
      format: 'float',
      dimensions: undefined,
      body: { model: 'm', input: 'Hi' },
    });
  });
});

describe('a request that is not valid', () => {
  it.each<[JsonObject, string, string]>([
    [{ input: 'Hi' }, 'model', 'Missing required parameter: `model`.'],
    [{ model: 'm' }, 'input', 'Missing required parameter: `input`.'],
    [{ model: 'm', input: null }, 'input', '`input` must be a string or an array.'],
    [{ model: 'm', input: 7 }, 'input', '`input` must be a string or an array.'],
    [{ model: 'm', input: {} }, 'input', '`input` must be a string or an array.'],
    [{ model: 'm', input: '' }, 'input', '`input` must not be empty.'],
    [{ model: 'm', input: [] }, 'input', '`input` must have at least 1 item.'],
    [{ model: 'm', input: ['a', ''] }, 'input[1]', '`input[1]` must not be empty.'],
    [{ model: 'm', input: [[1], []] }, 'input[1]', '`input[1]` must have at least 1 item.'],
    [
      { model: 'm', input: ['a', 1] },
      'input[1]',
      '`input[1]` must be of the same kind as the items before it.',
    ],
    [
      { model: 'm', input: [1, 2, [3]] },
      'input[2]',
      '`input[2]` must be of the same kind as the items before it.',
    ],
    [{ model: 'm', input: ['a', null] }, 'input[1]', '`input[1]` must be a string, an integer or an array.'],
    [{ model: 'm', input: [1.5] }, 'input[0]', '`input[0]` must be a string, an integer or an array.'],
    [{ model: 'm', input: [-1] }, 'input[0]', '`input[0]` must be between 0 and 2147483647.'],
    [{ model: 'm', input: [[1, 'a']] }, 'input[0][1]', '`input[0][1]` must be an integer.'],
    [{ model: 'm', input: new Array(2_049).fill('a') }, 'input', '`input` must have at most 2048 items.'],
    [{ model: 'm', input: new Array(2_049).fill([1]) }, 'input', '`input` must have at most 2048 items.'],
    [
      { model: 'm', input: 'a', encoding_format: 'int8' },
      'encoding_format',
      '`encoding_format` must be one of "float" or "base64".',
    ],
    [{ model: 'm', input: 'a', dimensions: 0 }, 'dimensions', '`dimensions` must be between 1 and 65536.'],
    [{ model: 'm', input: 'a', dimensions: 1.5 }, 'dimensions', '`dimensions` must be an integer.'],
    [{ model: 'm', input: 'a', user: 7 }, 'user', '`user` must be a string.'],
  ])('%j is refused by the name of its field', (sent, param, message) => {
    expect(failure(sent)).toMatchObject({ status: 400, param, message });
  });

  it('is refused, whatever its input, or has inputs that are not empty', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const sent = { model: 'm', input: value as JsonValue };
        let read: ReturnType<typeof inputOf>;
        try {
          read = inputOf(sent.input);
        } catch {
          expect(failure(sent)).toMatchObject({ status: 400, param: expect.stringMatching(/^input/) });
          return;
        }
        const inputs = 'texts' in read ? read.texts : read.tokens;
        expect(inputs.length).toBeGreaterThan(0);
        expect(inputs.every(({ length }) => length > 0)).toBe(true);
      }),
    );
  });
});

describe('the most tokens of an input', () => {
  it('are the bytes of each text and its marks, as far as the model reads', () => {
    expect(mostTokensOf({ texts: ['a', 'é', '😀'] }, 100)).toBe(3 + 4 + 6);
    expect(mostTokensOf({ texts: ['a'.repeat(500), 'a'] }, 100)).toBe(100 + 3);
  });

  it('are the token ids exactly', () => {
    expect(mostTokensOf({ tokens: [[1, 2], [3]] }, 100)).toBe(3);
  });

  it('of one input are within the window, where token ids show it', () => {
    const refuse = (count: number) => () => refuseTooLong({ tokens: [[1], new Array(count).fill(1)] }, 100);
    expect(refuse(100)).not.toThrow();
    expect(refuse(101)).toThrow(
      expect.objectContaining({
        code: 'context_length_exceeded',
        param: 'input',
        message:
          "This model's maximum context length is 100 tokens. However, your input resulted in 101 tokens. Please reduce its length.",
      }),
    );
    expect(() => refuseTooLong({ texts: ['a'.repeat(1_000)] }, 100)).not.toThrow();
  });
});
