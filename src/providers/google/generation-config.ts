import type { AnswerFormat, Prompt } from '../../text/prompt.js';
import type { Budget, ModelTraits, ThinkingLevel } from './model-traits.js';
import { reduceSchema } from './reduce-schema.js';
import type { GenerationConfig, ThinkingConfig } from './wire.js';

/** A seed is a 32-bit number. */
const SEEDS = 2 ** 31;

/** Tokens of thinking for an effort, as Google's endpoint for OpenAI's wire has them. */
const BUDGETS: ReadonlyMap<string, number> = new Map([
  ['minimal', 1_024],
  ['low', 1_024],
  ['medium', 8_192],
  ['high', 24_576],
  ['xhigh', 32_768],
  ['max', 32_768],
]);

/** Efforts by the strongest level that is not above them. */
const LEVEL_OF_EFFORT: ReadonlyMap<string, ThinkingLevel> = new Map<string, ThinkingLevel>([
  ['none', 'minimal'],
  ['minimal', 'minimal'],
  ['low', 'low'],
  ['medium', 'medium'],
  ['high', 'high'],
  ['xhigh', 'high'],
  ['max', 'high'],
]);

const LEVEL_NAMES = { minimal: 'MINIMAL', low: 'LOW', medium: 'MEDIUM', high: 'HIGH' } as const;

/** How thinking is asked for: with the effort, to see the thoughts alone, or not at all. */
export type AskedThinking = 'effort' | 'shown' | 'none';

interface ConfigOptions {
  readonly outputCapTokens: number | undefined;
  readonly traits: ModelTraits;
  readonly thinking: AskedThinking;
}

/** The settings of the answer. What asks for nothing is left out. */
export function generationConfig(
  prompt: Prompt,
  { outputCapTokens, traits, thinking }: ConfigOptions,
): GenerationConfig {
  const { choices, stop, logprobs, sampling } = prompt;
  const { temperature, topP, presencePenalty, frequencyPenalty, seed } = sampling;
  const effort = thinking === 'effort' ? prompt.reasoningEffort : undefined;
  const thinkingConfig = thinking === 'none' ? undefined : thinkingOf(effort, traits);
  return {
    ...(temperature !== undefined && { temperature }),
    ...(topP !== undefined && { topP }),
    ...(outputCapTokens !== undefined && { maxOutputTokens: outputCapTokens }),
    ...(stop.length > 0 && { stopSequences: stop }),
    ...(seed !== undefined && { seed: seedOf(seed) }),
    // Some models refuse the fields whatever their value.
    ...(presencePenalty !== undefined && presencePenalty !== 0 && { presencePenalty }),
    ...(frequencyPenalty !== undefined && frequencyPenalty !== 0 && { frequencyPenalty }),
    ...(choices > 1 && { candidateCount: choices }),
    ...formatOf(prompt.format),
    ...(logprobs !== undefined && { responseLogprobs: true, ...(logprobs > 0 && { logprobs }) }),
    ...(thinkingConfig && { thinkingConfig }),
  };
}

/** Equal seeds stay equal. */
function seedOf(seed: number): number {
  return Math.abs(seed) < SEEDS ? seed : Math.abs(seed) % SEEDS;
}

function formatOf(format: AnswerFormat | undefined): GenerationConfig {
  switch (format?.type) {
    case 'json_object':
      return { responseMimeType: 'application/json' };
    case 'json_schema': {
      const { schema } = format;
      return {
        responseMimeType: 'application/json',
        ...(schema && { responseJsonSchema: reduceSchema(schema) }),
      };
    }
    default:
      return {};
  }
}

/** Thoughts are asked for wherever a model has them: they are billed whether they are shown or not. */
function thinkingOf(effort: string | undefined, { thinking }: ModelTraits): ThinkingConfig | undefined {
  if (!thinking) return undefined;
  if ('levels' in thinking) {
    const level = levelOf(effort, thinking.levels);
    return { includeThoughts: true, ...(level && { thinkingLevel: LEVEL_NAMES[level] }) };
  }
  const budget = budgetOf(effort, thinking.budget);
  // Thoughts must not be asked for where there are none.
  if (budget === 0) return { thinkingBudget: 0 };
  return { includeThoughts: true, ...(budget !== undefined && { thinkingBudget: budget }) };
}

/** The strongest level that is not above the effort, else the weakest. */
function levelOf(effort: string | undefined, levels: readonly ThinkingLevel[]): ThinkingLevel | undefined {
  const wanted = LEVEL_OF_EFFORT.get(effort ?? '');
  if (!wanted) return undefined;
  const names = Object.keys(LEVEL_NAMES);
  return levels.findLast((level) => names.indexOf(level) <= names.indexOf(wanted)) ?? levels[0];
}

function budgetOf(effort: string | undefined, { least, most, canBeOff }: Budget): number | undefined {
  if (effort === 'none') return canBeOff ? 0 : least;
  const tokens = BUDGETS.get(effort ?? '');
  return tokens === undefined ? undefined : Math.min(Math.max(tokens, least), most);
}
