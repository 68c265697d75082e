import { describe, expect, it } from '@jest/globals';
import { parseCompletionPage, parseMetadata } from '../../src/chat/stored/stored-chat-query.js';
import { GatewayError } from '../../src/base/errors/gateway-error.js';

function refusal(run: () => unknown): object {
  try {
    run();
  } catch (error) {
    if (error instanceof GatewayError) return { code: error.code, param: error.param };
    throw error;
  }
  throw new Error('was not refused');
}

describe('the query of a list', () => {
  it('has defaults, and reads filters by their names', () => {
    expect(parseCompletionPage({})).toEqual({
      limit: 20,
      order: 'asc',
      after: undefined,
      model: undefined,
      metadata: [],
    });
    const query = {
      limit: '100',
      order: 'desc',
      after: 'resp_1',
      model: 'm',
      'metadata[a]': 'b',
      'metadata[]]': '',
    };
    expect(parseCompletionPage(query)).toEqual({
      limit: 100,
      order: 'desc',
      after: 'resp_1',
      model: 'm',
      metadata: [
        ['a', 'b'],
        [']', ''],
      ],
    });
  });

  it.each([
    [{ limit: '0' }, 'limit'],
    [{ limit: '101' }, 'limit'],
    [{ limit: 'many' }, 'limit'],
    [{ limit: ['1', '2'] }, 'limit'],
    [{ order: 'up' }, 'order'],
    [{ 'metadata[a]': ['b', 'c'] }, 'metadata[a]'],
  ])('is refused: %j', (query, param) => {
    expect(refusal(() => parseCompletionPage(query))).toEqual({ code: 'invalid_value', param });
  });
});

describe('new metadata', () => {
  it('is a few short pairs, or nothing', () => {
    expect(parseMetadata({ metadata: { a: 'b' } })).toEqual({ a: 'b' });
    expect(parseMetadata({ metadata: null })).toEqual({});
  });

  it.each([
    [{}, 'missing_required_parameter', 'metadata'],
    [{ metadata: 7 }, 'invalid_value', 'metadata'],
    [{ metadata: { a: 7 } }, 'invalid_value', 'metadata.a'],
  ])('is refused: %j', (body, code, param) => {
    expect(refusal(() => parseMetadata(body))).toEqual({ code, param });
  });
});
