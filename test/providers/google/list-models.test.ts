import { describe, expect, it } from '@jest/globals';
import { listModels } from '../../../src/providers/google/list-models.js';
import { UpstreamFailure } from '../../../src/providers/upstream-failure.js';
import { recordedJson } from '../../support/recorded-answers.js';
import { GeminiFixture } from './gemini-fixture.js';

const gemini = new GeminiFixture();
const NEVER = new AbortController().signal;

describe('the list of models', () => {
  it('is read page by page, without models that neither answer with text nor embed', async () => {
    const text = { supportedGenerationMethods: ['generateContent', 'countTokens'] };
    const pages = [
      {
        models: [
          { name: 'models/gemini-3.8-flash', inputTokenLimit: 1_048_576, outputTokenLimit: 65_536, ...text },
          { name: 'models/gemini-3.1-flash-image', ...text },
          { name: 'models/gemini-2.5-flash-preview-tts', ...text },
          { name: 'models/gemini-embedding-001', supportedGenerationMethods: ['embedContent'] },
          { name: 'models/veo-3.1-generate', supportedGenerationMethods: ['predictLongRunning'] },
          { name: 5 },
          'no model',
        ],
        nextPageToken: 'a b',
      },
      { models: [{ name: 'models/gemma-4', inputTokenLimit: -1, outputTokenLimit: 'x', ...text }] },
    ];
    for (const page of pages) gemini.upstream.next((exchange) => exchange.json(page));
    expect(await listModels(gemini.settings, NEVER)).toEqual([
      { name: 'gemini-3.8-flash', contextWindow: 1_048_576, maxOutputTokens: 65_536 },
      { name: 'gemini-embedding-001', makesEmbeddings: true },
      { name: 'gemma-4' },
    ]);
    expect(gemini.upstream.requests.map(({ path, headers }) => [path, headers['x-goog-api-key']])).toEqual([
      ['/v1beta/models?pageSize=1000', 'upstream-key'],
      ['/v1beta/models?pageSize=1000&pageToken=a+b', 'upstream-key'],
    ]);
  });

  it('ends although its pages do not', async () => {
    gemini.upstream.always((exchange) => exchange.json({ models: [], nextPageToken: 'again' }));
    expect(await listModels(gemini.settings, NEVER)).toEqual([]);
    expect(gemini.upstream.requests).toHaveLength(10);
  });

  it.each([
    [400, recordedJson('gemini/api-key-invalid.400.json'), 'refused'],
    [403, {}, 'denied'],
    [500, {}, undefined],
  ])('may be asked for with another key where one is refused: %s', async (status, body, ofKey) => {
    gemini.upstream.next((exchange) => exchange.json(body, status));
    await expect(listModels(gemini.settings, NEVER)).rejects.toMatchObject({ options: { ofKey } });
  });

  it.each([
    ['refused', (exchange: { json: (body: unknown, status?: number) => void }) => exchange.json({}, 403)],
    [
      'no list',
      (exchange: { json: (body: unknown, status?: number) => void }) => exchange.json({ models: 1 }),
    ],
  ])('that is %s is a failure', async (_name, handler) => {
    gemini.upstream.next(handler);
    await expect(listModels(gemini.settings, NEVER)).rejects.toBeInstanceOf(UpstreamFailure);
  });
});
