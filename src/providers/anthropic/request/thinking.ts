import type { OutputConfig, ThinkingConfigParam } from '@anthropic-ai/sdk/resources/messages';
import type { ThinkingStyle } from '../../../catalog/model.js';
import type { Profile } from '../../../catalog/profile.js';

/** How a model thinks, and how hard it is to try. */
export interface Thinking {
  readonly config?: ThinkingConfigParam | undefined;
  readonly effort?: OutputConfig['effort'];
  /** Whether the model will think, which some other fields do not go with. */
  readonly isOn: boolean;
}

export interface ThinkingWish {
  /** Absent: the model's default. */
  readonly effort: string | undefined;
  readonly style: ThinkingStyle;
  /** Whether the rest of the request goes with thinking. */
  readonly isPossible: boolean;
  readonly maxTokens: number;
}

const OFF: Thinking = { isOn: false };

/** The smallest budget that the service takes. */
const LEAST_BUDGET = 1_024;

/** Tokens by effort; the same bounds as where a budget becomes an effort: below 4,096 low, below 16,384 medium. */
const BUDGETS: ReadonlyMap<string, number> = new Map([
  ['minimal', LEAST_BUDGET],
  ['low', 2_048],
  ['medium', 8_192],
  ['high', 24_576],
  ['xhigh', 32_768],
  ['max', 65_536],
]);

/** Weakest first. */
export const EFFORTS = ['low', 'medium', 'high', 'xhigh', 'max'] as const;

/** Names in a profile's `omitFields` of what a model was found not to take. */
export const NO_ADAPTIVE = 'thinking=adaptive';
export const NO_BUDGET = 'thinking=enabled';
export const NO_DISABLED = 'thinking=disabled';
export const NO_DISPLAY = 'thinking.display';

export function noEffort(effort: string): string {
  return `output_config.effort=${effort}`;
}

/**
 * Models before version 4.6 take a budget alone, later ones an effort alone; the first ones do not think.
 * https://platform.claude.com/docs/en/build-with-claude/adaptive-thinking
 */
const STYLES: readonly (readonly [RegExp, ThinkingStyle])[] = [
  [/claude-(?:instant|2|3-(?!7))/, 'none'],
  [/claude-(?:3-7|(?:opus|sonnet|haiku)-4(?:[-.][0-5])?(?:[-@](?:\d{8}|latest)|$|[^\d.-]))/, 'budget'],
];

/** @param named the style that the operator gave the model */
export function thinkingStyle(
  named: ThinkingStyle | undefined,
  upstreamModel: string,
  { omitFields }: Profile,
): ThinkingStyle {
  const known = STYLES.find(([pattern]) => pattern.test(upstreamModel))?.[1];
  const style = named ?? known ?? 'adaptive';
  if (style === 'adaptive' && omitFields.includes(NO_ADAPTIVE))
    return omitFields.includes(NO_BUDGET) ? 'none' : 'budget';
  if (style === 'budget' && omitFields.includes(NO_BUDGET))
    return omitFields.includes(NO_ADAPTIVE) ? 'none' : 'adaptive';
  return style;
}

export function convertThinking(wish: ThinkingWish, { omitFields }: Profile): Thinking {
  const { effort, style } = wish;
  if (effort === undefined || style === 'none') return OFF;
  if (effort === 'none')
    return omitFields.includes(NO_DISABLED) ? OFF : { config: { type: 'disabled' }, isOn: false };
  if (style === 'budget') return withBudget(wish);
  const isOn = wish.isPossible;
  const display = omitFields.includes(NO_DISPLAY) ? {} : { display: 'summarized' as const };
  return {
    ...(isOn && { config: { type: 'adaptive', ...display } }),
    effort: fittingEffort(effort, omitFields),
    isOn,
  };
}

/** The budget is a part of the limit; a quarter of it stays for the answer. */
function withBudget({ effort = '', isPossible, maxTokens }: ThinkingWish): Thinking {
  const wanted = BUDGETS.get(effort);
  if (!isPossible || wanted === undefined) return OFF;
  const budget = Math.min(wanted, Math.floor((maxTokens * 3) / 4));
  return budget < LEAST_BUDGET ? OFF : { config: { type: 'enabled', budget_tokens: budget }, isOn: true };
}

/** The strongest effort that is not above the one asked for and that the model takes. */
function fittingEffort(asked: string, omitFields: readonly string[]): OutputConfig['effort'] {
  const strength = EFFORTS.indexOf((asked === 'minimal' ? 'low' : asked) as (typeof EFFORTS)[number]);
  return EFFORTS.findLast((effort, index) => index <= strength && !omitFields.includes(noEffort(effort)));
}
