import { describe, expect, it } from '@jest/globals';
import { Catalog } from '../../src/catalog/catalog.service.js';
import type { Model } from '../../src/catalog/model.js';
import { catalogueFromKeys } from '../../src/config/default-catalogue.js';
import { EnvironmentVariables } from '../../src/config/environment/environment-variables.js';
import { SANDBOX_CATALOGUE } from '../../src/config/sandbox-catalogue.js';

const VARIABLES = Object.assign(new EnvironmentVariables(), { OPENAI_API_KEY: 'a' });
const openai = catalogueFromKeys(VARIABLES);

function refusalOf(catalog: Catalog, id: string): unknown {
  try {
    return catalog.resolveText(id);
  } catch (error) {
    return error;
  }
}

describe('Catalog', () => {
  it('resolves a model by its exact id', () => {
    const { model, modelOptions } = new Catalog(openai).resolveText('gpt-5.5');
    expect([model.id, modelOptions]).toEqual(['gpt-5.5', '']);
  });

  it.each([
    ['sandbox/echo', 'sandbox/echo', ''],
    ['sandbox/echo:ttft=300,delay=20', 'sandbox/echo', 'ttft=300,delay=20'],
    ['sandbox/assistant:', 'sandbox/assistant', ''],
    ['sandbox/echo:a:b', 'sandbox/echo', 'a:b'],
  ])('resolves %s by what precedes its first colon', (id, found, options) => {
    const { model, modelOptions } = new Catalog(SANDBOX_CATALOGUE).resolveText(id);
    expect([model.id, modelOptions]).toEqual([found, options]);
  });

  it.each([
    'gpt-5.5:tokens=1',
    'GPT-5.5',
    'sandbox/echo',
    'sandbox/nobody:tokens=1',
    '',
    '__proto__',
    'constructor',
    'toString',
  ])('refuses %j as a model that is not there', (id) => {
    expect(refusalOf(new Catalog(openai), id)).toMatchObject({
      code: 'model_not_found',
      status: 404,
      param: 'model',
      message: `There is no model "${id}". GET /models lists the models that your key may use.`,
    });
  });

  it('resolves text and videos apart from each other', () => {
    const { targets, created, ownedBy } = new Catalog(openai).resolveText('gpt-5.5').model;
    const video: Model = { kind: 'video', id: 'film', targets, created, ownedBy, pricing: 'free' };
    const catalog = new Catalog({ ...openai, models: new Map([...openai.models, ['film', video]]) });
    expect(catalog.resolveVideo('film')).toEqual({ model: video, modelOptions: '' });
    expect(refusalOf(catalog, 'film')).toMatchObject({ code: 'model_not_found', param: 'model' });
    expect(() => catalog.resolveVideo('gpt-5.5')).toThrow('The model "gpt-5.5" makes text');
    expect(() => catalog.resolveVideo('gone')).toThrow('There is no model "gone".');
  });

  it('does not repeat a long id in full', () => {
    const refusal = refusalOf(new Catalog(openai), 'x'.repeat(10_000)) as Error;
    expect(refusal.message.length).toBeLessThan(300);
  });

  it('offers what the newest snapshot holds', () => {
    const catalog = new Catalog(openai);
    const before = catalog.get('gpt-5.5');
    expect(catalog.replace(SANDBOX_CATALOGUE)).toBe(true);
    expect(catalog.list().map(({ id }) => id)).toEqual([
      'sandbox/echo',
      'sandbox/assistant',
      'sandbox/video',
    ]);
    expect(catalog.get('gpt-5.5')).toBeUndefined();
    expect(before?.id).toBe('gpt-5.5');
  });

  it('keeps the entries in use when a snapshot says the same', () => {
    const catalog = new Catalog(openai);
    const before = catalog.get('gpt-5.5');
    expect(catalog.replace(catalogueFromKeys(VARIABLES))).toBe(false);
    expect(catalog.get('gpt-5.5')).toBe(before);
  });
});
