import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { isModelName, isNameOrPattern } from '../../src/catalog/model-name.js';
import type { TextModel } from '../../src/catalog/model.js';
import { BUILT_IN_MODELS } from '../../src/config/built-in-models.js';
import { fitEffort } from '../../src/providers/calls/fit-to-model.js';
import { chatPrompt } from '../support/chat-prompt.js';
import { problemsOf, read, withModel } from './gateway-file-text.js';
import { cleanUpDirectories } from './temporary-directory.js';

cleanUpDirectories();

function entry(fields: Record<string, string | undefined>): TextModel {
  const [model] = read(withModel(fields)).catalog.models.values();
  return model as TextModel;
}

const NO_LIMITS = { context_window: undefined, max_output_tokens: undefined };

describe('a model of the file', () => {
  it.each([
    'llama3.2:3b',
    'deepseek/deepseek-r1:free',
    '@cf/meta/llama-3.1-8b-instruct',
    'claude-sonnet-4@20250514',
    'hf.co/bartowski/Llama-3.2-3B-Instruct-GGUF:Q4_K_M',
    'ft:gpt-4o-mini:acme::9x',
    'a+b',
  ])('may be called %s', (id) => {
    expect(entry({ id: `"${id}"` }).id).toBe(id);
  });

  it('may have any name of letters, digits and the seven marks, and no other', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom(...Array.from('aZ0._-/:@+*# é\n')), minLength: 1, maxLength: 12 }),
        (name) => {
          expect(isModelName(name)).toBe(/^[a-zA-Z0-9._\-/:@+]+$/.test(name) && !name.includes('\n'));
          expect(isNameOrPattern(name)).toBe(name === '*' || isModelName(name.replace(/\*$/, '')));
        },
      ),
    );
  });

  it('may have further names, a name for people, and the efforts that it takes, in the order of their strength', () => {
    expect(
      entry({ aliases: '[gpt-latest, "gpt-5*"]', display_name: 'GPT', reasoning_efforts: '[high, low]' }),
    ).toMatchObject({
      aliases: ['gpt-latest', 'gpt-5*'],
      displayName: 'GPT',
      reasoningEfforts: ['low', 'high'],
    });
  });

  it('may say how it is told to think', () => {
    expect(entry({ thinking: 'budget' }).thinking).toBe('budget');
    expect(entry({})).not.toHaveProperty('thinking');
  });

  it('holds its default for a call without a limit', () => {
    expect(entry({ default_output_tokens: '50' }).defaultOutputTokens).toBe(50);
    expect(entry({}).defaultOutputTokens).toBeUndefined();
  });

  it('takes prices and limits from the built-in catalogue, by the name at its first target or by its own', () => {
    const known = BUILT_IN_MODELS.get('gpt-5.5')!;
    const targets = '[{provider: up, model: gpt-5.5}]';
    expect(entry({ id: 'mine', targets, pricing: 'builtin', ...NO_LIMITS })).toMatchObject(known);
    expect(entry({ id: 'gpt-5.5', pricing: 'builtin', ...NO_LIMITS })).toMatchObject(known);
    expect(entry({ id: 'gpt-4o-mini', targets, pricing: 'builtin' })).toMatchObject({
      pricing: known.pricing,
      contextWindow: 1000,
      maxOutputTokens: 100,
      defaultOutputTokens: 100,
    });
  });

  it('that the built-in catalogue does not know is refused, never free', () => {
    const [problem, ...others] = problemsOf(withModel({ id: 'llama', pricing: 'builtin' }));
    expect(others).toEqual([]);
    expect(problem).toMatch(/^models\[0\]\.pricing: cannot be builtin, since .* gpt-5\.5, /);
  });

  it('that passes names through needs no limits; with a price it is limited by a default', () => {
    const targets = "[{provider: up, model: '*'}]";
    const local = { id: "'local/*'", targets, ...NO_LIMITS };
    expect(entry({ ...local, pricing: 'free' })).toMatchObject({
      contextWindow: 131_072,
      maxOutputTokens: 131_072,
    });
    expect(entry({ ...local, pricing: 'free' }).defaultOutputTokens).toBeUndefined();
    expect(entry(local)).toMatchObject({ maxOutputTokens: 131_072, defaultOutputTokens: 16_000 });
    expect(entry({ ...local, pricing: 'builtin' }).known).toBe(BUILT_IN_MODELS);
  });
});

describe('an effort', () => {
  it.each([
    [['low', 'medium', 'high'], 'xhigh', 'high'],
    [['low', 'medium', 'high'], 'medium', 'medium'],
    [['low', 'high'], 'medium', 'low'],
    [['low', 'high'], 'none', 'low'],
    [[], 'high', undefined],
    [undefined, 'xhigh', 'xhigh'],
    [['low'], undefined, undefined],
  ] as const)('of %j, asked for as %s, goes up as %s', (reasoningEfforts, asked, sent) => {
    const model: TextModel = { ...entry({}), ...(reasoningEfforts && { reasoningEfforts }) };
    const prompt = chatPrompt({ messages: [], ...(asked && { reasoning_effort: asked }) });
    expect(fitEffort(prompt, model)).toEqual({ ...prompt, reasoningEffort: sent });
  });
});
