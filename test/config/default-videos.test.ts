import { describe, expect, it } from '@jest/globals';
import { catalogueFromKeys } from '../../src/config/default-catalogue.js';
import { EnvironmentVariables } from '../../src/config/environment/environment-variables.js';
import { DIALECTS } from '../../src/providers/dialects.js';
import type { Model } from '../../src/catalog/model.js';

function videosWith(variables: Partial<EnvironmentVariables>): ReadonlyMap<string, Model> {
  const { models } = catalogueFromKeys(Object.assign(new EnvironmentVariables(), variables), DIALECTS);
  return new Map([...models].filter(([, { kind }]) => kind === 'video'));
}

describe('the videos that need no file', () => {
  it.each([undefined, 'https://api.openai.com/v1', 'https://api.openai.com/v1/'])(
    'are not those that OpenAI has shut down at %s',
    (OPENAI_BASE_URL) => {
      expect([...videosWith({ OPENAI_API_KEY: 'a', OPENAI_BASE_URL }).keys()]).toEqual([]);
    },
  );

  it('are these where another server speaks its wire', () => {
    const videos = videosWith({ OPENAI_API_KEY: 'a', OPENAI_BASE_URL: 'http://127.0.0.1:9/v1' });
    expect([...videos.keys()]).toEqual(['sora-2', 'sora-2-pro']);
  });

  it('have one price for all of their sizes', () => {
    const videos = videosWith({ OPENAI_API_KEY: 'a', OPENAI_BASE_URL: 'http://127.0.0.1:9/v1' });
    expect(videos.get('sora-2-pro')).toMatchObject({
      pricing: { perSecond: { unscaled: 3n, scale: 1 } },
      sizes: ['720x1280', '1280x720'],
    });
  });

  it('are none of those that Google has shut down', () => {
    expect([...videosWith({ GEMINI_API_KEY: 'a' }).keys()]).toEqual([]);
  });
});
