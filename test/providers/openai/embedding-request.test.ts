import { describe, expect, it } from '@jest/globals';
import type { ProviderSettings } from '../../../src/catalog/model.js';
import { convertAnswer } from '../../../src/providers/openai/embedding/convert-answer.js';
import { convertRequest } from '../../../src/providers/openai/embedding/convert-request.js';
import { embeddingRequestFor } from '../embedding/embedding-fixture.js';
import { settingsFor, targetFor } from '../support.js';

function converted(
  sent: Parameters<typeof embeddingRequestFor>[1],
  overrides: Partial<ProviderSettings> = {},
) {
  const target = targetFor(settingsFor('http://127.0.0.1:1', overrides));
  return convertRequest(embeddingRequestFor(target, sent), target, target.provider);
}

describe("a request on OpenAI's embeddings wire", () => {
  it('has the input as the client sent it', () => {
    for (const input of ['one', ['one'], [1, 2], [[1], [2]]])
      expect(converted({ body: { model: 'm', input } })).toEqual({ model: 'upstream-model', input });
  });

  it('asks for base64 by its name, and for floats by saying nothing', () => {
    expect(converted({ format: 'base64' })).toMatchObject({ encoding_format: 'base64' });
    expect(converted({ format: 'float' })).not.toHaveProperty('encoding_format');
  });

  it('has the user hashed with the account', () => {
    const user = (account: string) => converted({ account, body: { input: 'a', user: 'ada' } })['user'];
    expect(user('one')).toMatch(/^[0-9a-f]{64}$/);
    expect(user('one')).not.toBe(user('two'));
    expect(converted({ body: { input: 'a', user: '' } })).not.toHaveProperty('user');
  });

  it('has fields of the service where the provider passes them, and none of its own twice', () => {
    const body = { input: 'a', input_type: 'query', truncate: true, model: 'x', user: 'ada' };
    expect(converted({ body }, { passFields: ['input_type', 'model', 'user', 'absent'] })).toEqual({
      model: 'upstream-model',
      input: 'a',
      input_type: 'query',
      user: expect.stringMatching(/^[0-9a-f]{64}$/),
    });
  });

  it('leaves out what the service refuses', () => {
    const sent = { format: 'base64', dimensions: 3, body: { input: 'a', user: 'ada' } } as const;
    expect(converted(sent, { omitFields: ['user', 'encoding_format=base64'] })).toEqual({
      model: 'upstream-model',
      input: 'a',
      dimensions: 3,
    });
  });
});

describe("an answer on OpenAI's embeddings wire", () => {
  const request = { input: { texts: ['one'] }, format: 'float' } as const;

  it.each([
    [{ prompt_tokens: 3, total_tokens: 3 }, 3],
    [{ total_tokens: 3 }, 3],
    [undefined, undefined],
  ])('of %j took %p tokens', (usage, inputTokens) => {
    const answer = { data: [{ index: 0, embedding: [1] }], ...(usage && { usage }) };
    expect(convertAnswer(answer, request)).toEqual({ vectors: [[1]], inputTokens });
  });
});
