import { isModelName } from '../../catalog/model-name.js';
import type { DiscoverSettings } from '../../catalog/model.js';
import { BUILT_IN_EMBEDDINGS } from '../built-in-embeddings.js';
import { BUILT_IN_MODELS } from '../built-in-models.js';
import { DEFAULT_CONTEXT_WINDOW } from '../../catalog/model-defaults.js';
import { readPricing } from './pricing.js';
import type { Section, TextRule } from './section.js';

const MOST_TOKENS = 100_000_000;
const LEAST_REFRESH_MS = 1_000;
const DAY_MS = 86_400_000;

const PREFIX: TextRule = {
  test: (prefix) => prefix === '' || isModelName(prefix),
  words: 'the beginning of public ids: letters, digits and any of . _ - / : @ +, such as ollama/',
};
const INCLUDED: TextRule = {
  test: (name) => /^[^\p{C}]{1,256}$/u.test(name),
  words: "a model's name at the provider; * stands for any text",
};

/** Models without a known price are left out unless the file says what all of them cost. */
export const DISCOVER_DEFAULTS: DiscoverSettings = {
  prefix: '',
  include: ['*'],
  refreshMs: 300_000,
  pricing: BUILT_IN_MODELS,
  embeddings: BUILT_IN_EMBEDDINGS,
  contextWindow: DEFAULT_CONTEXT_WINDOW,
};

export function readDiscover(section: Section): DiscoverSettings {
  const pricing = section.isMissing('pricing') ? 'builtin' : readPricing(section);
  const contextWindow = section.wholeNumber('context_window', 1, MOST_TOKENS);
  const maxOutputTokens = section.wholeNumber('max_output_tokens', 1, MOST_TOKENS);
  const settings: DiscoverSettings = {
    prefix: section.text('prefix', PREFIX) ?? DISCOVER_DEFAULTS.prefix,
    include: section.texts('include', INCLUDED) ?? DISCOVER_DEFAULTS.include,
    refreshMs: section.wholeNumber('refresh_ms', LEAST_REFRESH_MS, DAY_MS) ?? DISCOVER_DEFAULTS.refreshMs,
    embeddings: DISCOVER_DEFAULTS.embeddings,
    pricing: pricing === undefined || pricing === 'builtin' ? DISCOVER_DEFAULTS.pricing : pricing,
    contextWindow: contextWindow ?? DISCOVER_DEFAULTS.contextWindow,
    ...(maxOutputTokens !== undefined && { maxOutputTokens }),
  };
  section.end();
  return settings;
}
