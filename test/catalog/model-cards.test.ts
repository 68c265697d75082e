import { describe, expect, it } from '@jest/globals';
import { externalModelCard, nativeModelCard } from '../../src/catalog/model-cards.js';
import type { EmbeddingModel, TextModel, VideoModel } from '../../src/catalog/model.js';
import { catalogueFromKeys } from '../../src/config/default-catalogue.js';
import { EnvironmentVariables } from '../../src/config/environment/environment-variables.js';
import { DIALECTS } from '../../src/providers/dialects.js';
import { parseDecimal } from '../../src/base/money/decimal.js';

const { models } = catalogueFromKeys(
  Object.assign(new EnvironmentVariables(), { OPENAI_API_KEY: 'a', GEMINI_API_KEY: 'b' }),
  DIALECTS,
);
const gpt = models.get('gpt-5.5') as TextModel;
const gemini = models.get('gemini-3.8-flash') as TextModel;

describe('a model card', () => {
  it('is what OpenAI shows on the external surface', () => {
    expect(externalModelCard(gpt)).toEqual({
      id: 'gpt-5.5',
      object: 'model',
      created: gpt.created,
      owned_by: 'openai',
    });
  });

  it('adds limits and prices on the native surface', () => {
    expect(nativeModelCard(gpt)).toEqual({
      ...externalModelCard(gpt),
      modelId: 'gpt-5.5',
      provider: 'openai',
      input: ['text', 'image'],
      output: ['text'],
      contextWindow: 1_050_000,
      maxOutputTokens: 128_000,
      pricing: {
        input: 5,
        cachedInput: 0.5,
        output: 30,
        longContext: { above: 272_000, input: 10, cachedInput: 1, output: 45 },
      },
    });
  });

  it('shows every price that there is', () => {
    const usd = parseDecimal;
    const model: TextModel = {
      ...gemini,
      pricing: {
        input: usd('0.1'),
        output: usd('0.2'),
        cacheWrite: usd('0.3'),
        cacheWrite1h: usd('0.5'),
        reasoning: usd('0.4'),
        longContext: { aboveInputTokens: 5, input: usd('1e-7'), output: usd('6') },
        serviceTiers: { flex: { input: usd('7'), output: usd('8') } },
        webSearchPerCall: usd('0.01'),
      },
    };
    expect(nativeModelCard(model).pricing).toEqual({
      input: 0.1,
      cacheWrite: 0.3,
      cacheWrite1h: 0.5,
      output: 0.2,
      reasoning: 0.4,
      longContext: { above: 5, input: 1e-7, output: 6 },
      serviceTiers: { flex: { input: 7, output: 8 } },
      webSearchPerCall: 0.01,
    });
  });

  it('shows zeros for a free model, and text where no kind of input is named', () => {
    const { inputKinds: _inputKinds, ...plain } = gpt;
    const card = nativeModelCard({ ...plain, pricing: 'free' });
    expect(card).toMatchObject({ pricing: { input: 0, output: 0 }, input: ['text'] });
  });

  it('shows what an embedding model costs and takes', () => {
    const model = models.get('text-embedding-3-small') as EmbeddingModel;
    expect(nativeModelCard(model)).toEqual({
      ...externalModelCard(model),
      modelId: 'text-embedding-3-small',
      provider: 'openai',
      input: ['text'],
      output: ['embedding'],
      contextWindow: 8_192,
      pricing: { input: 0.02 },
    });
    expect(nativeModelCard({ ...model, pricing: 'free' }).pricing).toEqual({ input: 0 });
  });

  it('shows what a video model offers, and leaves out what its provider decides', () => {
    const { targets, created, ownedBy } = gpt;
    const model: VideoModel = {
      kind: 'video',
      id: 'sora-2',
      targets,
      created,
      ownedBy,
      pricing: { perSecond: parseDecimal('0.1') },
      durations: [4, 8],
      sizes: ['1280x720'],
      aspectRatios: ['16:9'],
      inputKinds: ['text', 'image'],
    };
    const common = { ...externalModelCard(model), modelId: 'sora-2', provider: 'openai' };
    expect(nativeModelCard(model)).toEqual({
      ...common,
      input: ['text', 'image'],
      output: ['video'],
      durations: [4, 8],
      sizes: ['1280x720'],
      aspectRatios: ['16:9'],
      pricing: { perSecond: 0.1 },
    });
    const plain: VideoModel = { kind: 'video', id: 'sora-2', targets, created, ownedBy, pricing: 'free' };
    expect(nativeModelCard(plain)).toEqual({
      ...common,
      input: ['text'],
      output: ['video'],
      pricing: { perVideo: 0 },
    });
    const perVideo: VideoModel = { ...plain, pricing: { perVideo: parseDecimal('0.40') } };
    expect(nativeModelCard(perVideo).pricing).toEqual({ perVideo: 0.4 });
  });
});
