import { describe, expect, it } from '@jest/globals';
import { parseDecimal } from '../../../src/base/money/decimal.js';
import type { DiscoverSettings } from '../../../src/catalog/model.js';
import { DISCOVER_DEFAULTS } from '../../../src/config/gateway-file/discover.js';
import { convertModelList } from '../../../src/providers/openai/convert-model-list.js';
import { discoveredModels } from '../../../src/providers/discovery/discovered-models.js';
import { settingsFor } from '../support.js';

const LISTED = [{ name: 'text-embedding-3-small', created: 7 }, { name: 'm' }];

function discovered(settings: Partial<DiscoverSettings>, wires: readonly ('chat' | 'embeddings')[]) {
  const provider = settingsFor('http://127.0.0.1:1', { wires });
  return discoveredModels(provider, { ...DISCOVER_DEFAULTS, ...settings }, LISTED);
}

describe('a listed model that is known to make embeddings', () => {
  const usd = (input: string) => ({ input: parseDecimal(input) });

  it.each<[string, DiscoverSettings['pricing'], unknown, readonly string[]]>([
    ['free where all are', 'free', 'free', ['m']],
    ['at the price of all', { ...usd('3'), output: parseDecimal('4') }, usd('3'), ['m']],
    ['at its own price where prices are by name', DISCOVER_DEFAULTS.pricing, usd('0.02'), []],
  ])('is offered as such: %s', (_name, pricing, expected, texts) => {
    const { models, unpriced } = discovered({ pricing, prefix: 'up/' }, ['chat', 'embeddings']);
    const [embedding, ...others] = models;
    expect(embedding).toEqual({
      kind: 'embedding',
      id: 'up/text-embedding-3-small',
      targets: [expect.objectContaining({ upstreamModel: 'text-embedding-3-small' })],
      contextWindow: 8_192,
      pricing: expected,
      created: 7,
      ownedBy: 'scripted',
    });
    expect(others.map(({ id, kind }) => [id, kind])).toEqual(texts.map((name) => [`up/${name}`, 'text']));
    expect(unpriced).toEqual(texts.length > 0 ? [] : ['m']);
  });

  it.each<[string, object]>([
    ['a type', { id: 'm', type: 'embedding' }],
    ['what it puts out', { id: 'm', architecture: { output_modalities: ['embeddings'] } }],
    ['its name', { id: 'nomic-embed-text:latest', object: 'model', owned_by: 'library' }],
  ])('may be told by %s', (_what, card) => {
    const [listed] = convertModelList({ data: [card] }) ?? [];
    const provider = settingsFor('http://127.0.0.1:1', { wires: ['chat', 'embeddings'] });
    const of = (pricing: DiscoverSettings['pricing']) =>
      discoveredModels(provider, { ...DISCOVER_DEFAULTS, pricing }, [listed!]);
    expect(of('free').models).toMatchObject([{ kind: 'embedding', contextWindow: 8_192, pricing: 'free' }]);
    expect(of({ ...usd('3'), output: parseDecimal('4') }).models).toMatchObject([{ pricing: usd('3') }]);
    expect(of(DISCOVER_DEFAULTS.pricing)).toMatchObject({ models: [], unpriced: [listed!.name] });
  });

  it.each<object>([
    { id: 'embed-chat', type: 'llm' },
    { id: 'embed-chat', architecture: { output_modalities: ['text'] } },
    { id: 'm' },
  ])('is none that chats: %j', (card) => {
    expect(convertModelList([card])?.map(({ makesEmbeddings }) => makesEmbeddings)).toEqual([undefined]);
  });

  it('is not offered by a provider without their wire, and never for text', () => {
    const { models, unpriced, unusable } = discovered({ pricing: 'free' }, ['chat']);
    expect(models.map(({ id }) => id)).toEqual(['m']);
    expect([unpriced, unusable]).toEqual([[], 0]);
  });
});
