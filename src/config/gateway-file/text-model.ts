import { prefixOf } from '../../catalog/model-name.js';
import {
  REASONING_EFFORTS,
  THINKING_STYLES,
  type KnownModel,
  type ReasoningEffort,
  type TextModel,
} from '../../catalog/model.js';
import { BUILT_IN_MODELS } from '../built-in-models.js';
import {
  DEFAULT_CONTEXT_WINDOW,
  DEFAULT_PART_TOKENS,
  defaultOutputTokens,
} from '../../catalog/model-defaults.js';
import { builtIn } from './built-in.js';
import { readPricing } from './pricing.js';
import type { Section, TextRule } from './section.js';
import type { CommonSettings } from './video-model.js';

const MOST_TOKENS = 100_000_000;

const EFFORT: TextRule = {
  test: (effort) => REASONING_EFFORTS.some((known) => known === effort),
  words: `one of ${REASONING_EFFORTS.join(', ')}`,
};

export function readTextModel(section: Section, common: CommonSettings): TextModel {
  const isPattern = prefixOf(common.id) !== undefined;
  const given = readLimits(section);
  const pricing = readPricing(section);
  const isBuiltIn = pricing === 'builtin';
  if (!isPattern && !isBuiltIn) section.require('context_window', 'max_output_tokens');
  const known = isBuiltIn && !isPattern ? builtIn(section, common, BUILT_IN_MODELS) : undefined;
  const efforts = section.texts('reasoning_efforts', EFFORT) as readonly ReasoningEffort[] | undefined;
  const thinking = section.choice('thinking', THINKING_STYLES);
  const model: TextModel = {
    kind: 'text',
    ...known,
    ...common,
    ...completeLimits(given, known, pricing !== 'free'),
    pricing: isBuiltIn ? (known?.pricing ?? 'free') : (pricing ?? 'free'),
    partTokens: readPartTokens(section.section('part_tokens'), known?.partTokens),
    ...(efforts && { reasoningEfforts: REASONING_EFFORTS.filter((effort) => efforts.includes(effort)) }),
    ...(thinking && { thinking }),
    ...(isBuiltIn && isPattern && { known: BUILT_IN_MODELS }),
  };
  section.end();
  return model;
}

type Limits = Pick<TextModel, 'contextWindow' | 'maxOutputTokens' | 'defaultOutputTokens'>;

function readLimits(section: Section): Partial<Limits> {
  const tokens = (key: string) => section.wholeNumber(key, 1, MOST_TOKENS);
  const contextWindow = tokens('context_window');
  const maxOutputTokens = tokens('max_output_tokens');
  const byDefault = tokens('default_output_tokens');
  if ((maxOutputTokens ?? 0) > (contextWindow ?? MOST_TOKENS))
    section.refuse('max_output_tokens', 'must not exceed context_window');
  if ((byDefault ?? 0) > (maxOutputTokens ?? MOST_TOKENS))
    section.refuse('default_output_tokens', 'must not exceed max_output_tokens');
  return {
    ...(contextWindow !== undefined && { contextWindow }),
    ...(maxOutputTokens !== undefined && { maxOutputTokens }),
    ...(byDefault !== undefined && { defaultOutputTokens: byDefault }),
  };
}

/** Where the output limit of a priced model is not known, the default limits its calls, upstream as well. */
function completeLimits(given: Partial<Limits>, known: KnownModel | undefined, isPriced: boolean): Limits {
  const contextWindow = given.contextWindow ?? known?.contextWindow ?? DEFAULT_CONTEXT_WINDOW;
  const limit = given.maxOutputTokens ?? known?.maxOutputTokens;
  const maxOutputTokens = Math.min(limit ?? contextWindow, contextWindow);
  const guessed = isPriced && limit === undefined ? defaultOutputTokens(contextWindow) : undefined;
  const byDefault = given.defaultOutputTokens ?? known?.defaultOutputTokens ?? guessed;
  return {
    contextWindow,
    maxOutputTokens,
    ...(byDefault !== undefined && { defaultOutputTokens: Math.min(byDefault, maxOutputTokens) }),
  };
}

function readPartTokens(
  section: Section | undefined,
  known: TextModel['partTokens'] = DEFAULT_PART_TOKENS,
): TextModel['partTokens'] {
  const tokens = (key: keyof TextModel['partTokens']) =>
    section?.wholeNumber(key, 0, MOST_TOKENS) ?? known[key];
  const partTokens = { image: tokens('image'), audio: tokens('audio'), file: tokens('file') };
  section?.end();
  return partTokens;
}
