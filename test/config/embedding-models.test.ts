import { describe, expect, it } from '@jest/globals';
import { parseDecimal } from '../../src/base/money/decimal.js';
import { BUILT_IN_EMBEDDINGS } from '../../src/config/built-in-embeddings.js';
import { PROVIDER, problemsOf, read } from './gateway-file-text.js';
import { cleanUpDirectories } from './temporary-directory.js';

cleanUpDirectories();

function fileWith(fields: string): string {
  return `${PROVIDER}models: [{id: e, kind: embedding, ${fields}}]\n`;
}

const TARGET = 'targets: [{provider: up, model: e}]';

describe('an embedding model of a file', () => {
  it('needs a target and a price, and nothing else', () => {
    const { catalog } = read(fileWith(`${TARGET}, pricing: {input: 0.02}`));
    expect(catalog.models.get('e')).toEqual({
      kind: 'embedding',
      id: 'e',
      targets: [{ provider: catalog.providers.get('up'), upstreamModel: 'e', priority: 1, weight: 1 }],
      contextWindow: 8_192,
      pricing: { input: parseDecimal('0.02') },
      created: 1_767_225_600,
      ownedBy: 'up',
    });
  });

  it.each([
    [`${TARGET}, pricing: free`, 8_192, 'free'],
    [`${TARGET}, pricing: free, context_window: 512`, 512, 'free'],
    ['targets: [{provider: up, model: gemini-embedding-001}], pricing: free', 2_048, 'free'],
    [
      'targets: [{provider: up, model: gemini-embedding-001}], pricing: builtin',
      2_048,
      { input: parseDecimal('0.15') },
    ],
    [
      'targets: [{provider: sandbox, model: embedding}], pricing: free, aliases: [other, "e-*"], display_name: E',
      8_192,
      'free',
    ],
  ])('{%s} takes inputs of %d tokens', (fields, contextWindow, pricing) => {
    expect(read(fileWith(fields)).catalog.models.get('e')).toMatchObject({ contextWindow, pricing });
  });

  it('finds the price of its own name where its target has another', () => {
    const text = `${PROVIDER}models: [{id: text-embedding-3-large, kind: embedding, ${TARGET}, pricing: builtin}]\n`;
    expect(read(text).catalog.models.get('text-embedding-3-large')).toMatchObject({
      contextWindow: 8_192,
      pricing: { input: parseDecimal('0.13') },
    });
  });

  it.each([
    [TARGET, 'models[0].pricing: is required'],
    [`${TARGET}, pricing: {}`, 'models[0].pricing.input: is required'],
    [
      `${TARGET}, pricing: {input: 1, output: 1}`,
      'models[0].pricing.output: is not a known key; known here: input',
    ],
    [
      `${TARGET}, pricing: cheap`,
      'models[0].pricing: must be a mapping of prices, or one of the words free and builtin',
    ],
    [
      `${TARGET}, pricing: builtin`,
      `models[0].pricing: cannot be builtin, since the built-in catalogue knows neither this id nor its first target's model; it knows ${[...BUILT_IN_EMBEDDINGS.keys()].join(', ')}`,
    ],
    [
      `${TARGET}, pricing: free, context_window: 0`,
      'models[0].context_window: must be a whole number from 1 to 100000000',
    ],
    [
      `${TARGET}, pricing: free, max_output_tokens: 5`,
      'models[0].max_output_tokens: is not a known key; known here: id, kind, targets, pricing, input, created, owned_by, aliases, display_name, context_window',
    ],
  ])('{%s} is a mistake', (fields, problem) => {
    expect(problemsOf(fileWith(fields))).toEqual([problem]);
  });

  it('cannot pass names through', () => {
    const text = `${PROVIDER}models: [{id: "e/*", kind: embedding, targets: [{provider: up, model: "*"}], pricing: free}]\n`;
    expect(problemsOf(text)).toEqual(
      expect.arrayContaining([expect.stringMatching(/^models\[0\]\.id: must be /)]),
    );
  });
});

describe('the built-in embedding models', () => {
  it('are those with a known price', () => {
    expect([...BUILT_IN_EMBEDDINGS.keys()]).toEqual([
      'text-embedding-3-small',
      'text-embedding-3-large',
      'text-embedding-ada-002',
      'gemini-embedding-001',
    ]);
  });
});
