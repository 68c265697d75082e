import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { Catalog } from '../../src/catalog/catalog.service.js';
import { entryIdOf, type Model, type TextModel } from '../../src/catalog/model.js';
import { BUILT_IN_MODELS } from '../../src/config/built-in-models.js';
import { catalogueFromKeys } from '../../src/config/default-catalogue.js';
import { EnvironmentVariables } from '../../src/config/environment/environment-variables.js';
import { SANDBOX_CATALOGUE } from '../../src/config/sandbox-catalogue.js';
import { DIALECTS } from '../../src/providers/dialects.js';

const VARIABLES = Object.assign(new EnvironmentVariables(), { OPENAI_API_KEY: 'a' });
const openai = catalogueFromKeys(VARIABLES, DIALECTS);

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

  it('resolves embeddings apart from all others, as a matter of the parameter', () => {
    const catalog = new Catalog(SANDBOX_CATALOGUE);
    expect(catalog.resolveEmbedding('sandbox/embedding:ttft=1')).toMatchObject({
      model: { id: 'sandbox/embedding' },
      modelOptions: 'ttft=1',
    });
    const wrong = { code: 'unsupported_parameter', status: 400, param: 'model' };
    expect(refusalOf(catalog, 'sandbox/embedding')).toMatchObject({
      ...wrong,
      message: 'The model "sandbox/embedding" makes embeddings, at /embeddings.',
    });
    for (const resolve of [
      () => catalog.resolveVideo('sandbox/embedding'),
      () => catalog.resolveEmbedding('sandbox/echo'),
      () => catalog.resolveEmbedding('sandbox/video'),
    ])
      expect(resolve).toThrow(expect.objectContaining(wrong));
    expect(() => catalog.resolveEmbedding('gone')).toThrow(
      expect.objectContaining({ code: 'model_not_found' }),
    );
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
      'sandbox/embedding',
      'sandbox/video',
    ]);
    expect(catalog.get('gpt-5.5')).toBeUndefined();
    expect(before?.id).toBe('gpt-5.5');
  });

  it('keeps the entries in use when a snapshot says the same', () => {
    const catalog = new Catalog(openai);
    const before = catalog.get('gpt-5.5');
    expect(catalog.replace(catalogueFromKeys(VARIABLES, DIALECTS))).toBe(false);
    expect(catalog.get('gpt-5.5')).toBe(before);
  });
});

describe('names of models', () => {
  const text = (id: string, more: Partial<TextModel> = {}): [string, TextModel] => {
    const { model } = new Catalog(openai).resolveText('gpt-5.5');
    return [id, { ...model, id, targets: [{ ...model.targets[0]!, upstreamModel: '*' }], ...more }];
  };
  const catalog = new Catalog({
    providers: openai.providers,
    models: new Map([
      text('llama3.2:3b'),
      text('a/*'),
      text('a/b/*', { displayName: 'longest' }),
      text('a/b/own'),
      text('named', { aliases: ['short', 'a/b/alias', 'a/b/c-*', 'llama3.2:3b'] }),
      text('priced/*', { pricing: 'free', known: BUILT_IN_MODELS }),
    ]),
  });
  const found = (name: string) => catalog.get(name)?.id;

  it.each([
    ['llama3.2:3b', 'llama3.2:3b', 'llama3.2:3b'],
    ['short', 'named', 'named'],
    ['a/b/own', 'a/b/own', 'a/b/own'],
    ['a/b/alias', 'named', 'named'],
    ['a/b/c-1', 'named', 'named'],
    ['a/b/other:free', 'a/b/other:free', 'a/b/*'],
    ['a/deepseek/r1@2025+x', 'a/deepseek/r1@2025+x', 'a/*'],
    ['priced/gpt-5.5', 'priced/gpt-5.5', 'priced/*'],
  ])('%s is %s, of the entry %s', (name, id, entry) => {
    const model = catalog.get(name)!;
    expect([model.id, entryIdOf(model)]).toEqual([id, entry]);
  });

  it.each([
    'a/',
    'a/*',
    'b/x',
    'a/x y',
    'a/\n',
    `a/${'x'.repeat(200)}`,
    'priced/llama3.2:3b',
    'LLAMA3.2:3b',
    '*',
  ])('%j is nobody', (name) => expect(found(name)).toBeUndefined());

  it('pass the rest of the name on, at the price that is known of it', () => {
    const { model } = catalog.resolveText('priced/gpt-5.5');
    expect(model).toMatchObject({
      ...BUILT_IN_MODELS.get('gpt-5.5'),
      targets: [{ upstreamModel: 'gpt-5.5' }],
    });
    expect(catalog.resolveText('a/b/x:y').model.targets[0]?.upstreamModel).toBe('x:y');
  });

  it('are listed as far as they can be asked for as they are', () => {
    expect(catalog.list().map(({ id }) => id)).toEqual(['llama3.2:3b', 'a/b/own', 'named']);
  });

  it('never reach the sandbox by a pattern', () => {
    const all = new Catalog({ providers: openai.providers, models: new Map([text('*')]) });
    expect([all.get('anything')?.id, all.get('sandbox/echo')]).toEqual(['anything', undefined]);
  });

  it('win over each other as told, whichever they are', () => {
    const name = fc.stringMatching(/^[ab/]{1,4}$/);
    const entry = fc.record({ id: name, isPattern: fc.boolean(), aliases: fc.array(name, { maxLength: 2 }) });
    fc.assert(
      fc.property(fc.array(entry, { maxLength: 8 }), name, (entries, asked) => {
        const models = new Map(
          entries.map(({ id, isPattern, aliases }) =>
            isPattern ? text(`${id}*`) : text(id, { aliases: aliases.map((alias) => `${alias}*`) }),
          ),
        );
        const model = new Catalog({ providers: openai.providers, models }).get(asked);
        const patterns = [...models.values()].flatMap(({ id, aliases = [] }) => [
          ...(id.endsWith('*') && asked.length >= id.length ? [id] : []),
          ...aliases,
        ]);
        const longest = patterns
          .filter((pattern) => asked.startsWith(pattern.slice(0, -1)))
          .reduce((most, { length }) => Math.max(most, length), 0);
        if (models.has(asked)) return expect(model?.id).toBe(asked);
        if (longest === 0) return expect(model).toBeUndefined();
        const winner = models.get(entryIdOf(model!))!;
        return expect([winner.id, ...(winner.aliases ?? [])].map(({ length }) => length)).toContain(longest);
      }),
    );
  });
});
