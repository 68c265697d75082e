import { describe, expect, it } from '@jest/globals';
import { problemsOf, read } from './gateway-file-text.js';
import { cleanUpDirectories } from './temporary-directory.js';

cleanUpDirectories();

const file = (keys: string): string => `providers: [{id: up, type: openai, ${keys}}]`;
const provider = (keys: string, environment: NodeJS.ProcessEnv = {}) =>
  read(file(keys), environment).catalog.providers.get('up');

describe('the keys of a provider', () => {
  it('are one, or several, each with a reasoning scope of its own if need be', () => {
    expect(provider('api_key: a')).toMatchObject({ apiKey: 'a' });
    expect(provider('api_key: a')).not.toHaveProperty('apiKeys');
    expect(provider('reasoning_scope: all, api_key: {key: a, reasoning_scope: org-1}')).toMatchObject({
      apiKey: 'a',
      reasoningScope: 'org-1',
    });
    expect(provider('api_keys: [{key: a, reasoning_scope: org-1}]')).toMatchObject({
      apiKey: 'a',
      reasoningScope: 'org-1',
    });
    expect(
      provider('api_keys: ["${ONE}", {key: "${TWO}", reasoning_scope: org-2}]', { ONE: 'a', TWO: 'b' }),
    ).toMatchObject({ apiKey: 'a', apiKeys: [{ key: 'a' }, { key: 'b', reasoningScope: 'org-2' }] });
  });

  it.each([
    ['api_key: a, api_keys: [b]', 'providers[0].api_keys: takes the place of api_key; only one of them'],
    ['api_keys: []', 'providers[0].api_keys: must not be empty'],
    ['api_keys: [a, a]', 'providers[0].api_keys: has the same key twice'],
    ['api_keys: a', 'providers[0].api_keys: must be a list'],
    ['api_keys: [a, [b]]', 'providers[0].api_keys[1]: must be text'],
    [
      'api_keys: ["${GONE}"]',
      'providers[0].api_keys[0]: takes the environment variable GONE, which is not set',
    ],
    ['api_keys: [{reasoning_scope: x}]', 'providers[0].api_keys[0].key: is required'],
    [
      'api_key: {key: a, scope: x}',
      'providers[0].api_key.scope: is not a known key; known here: key, reasoning_scope',
    ],
    [
      `api_keys: [${Array.from({ length: 65 }, (_, index) => `k${index}`).join(', ')}]`,
      'providers[0].api_keys: may have at most 64 keys',
    ],
  ])('are refused in %s', (keys, problem) => {
    expect(problemsOf(file(keys))).toContain(problem);
  });
});
