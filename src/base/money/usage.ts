/** Tokens that one call used. Cached, cache-written and reasoning tokens are parts of the totals. */
export interface Usage {
  readonly inputTokens: number;
  readonly cachedInputTokens: number;
  readonly cacheWriteTokens: number;
  readonly outputTokens: number;
  readonly reasoningTokens: number;
}

export const NO_USAGE: Usage = {
  inputTokens: 0,
  cachedInputTokens: 0,
  cacheWriteTokens: 0,
  outputTokens: 0,
  reasoningTokens: 0,
};

/** More tokens than any call can use; the largest figure that fits into the books. */
export const MOST_TOKENS = 2 ** 31 - 1;

/** An outside figure as a whole number of tokens, 0 to `MOST_TOKENS`. NaN counts as 0. */
export function wholeTokens(figure: number): number {
  return Number.isNaN(figure) ? 0 : Math.min(Math.max(Math.ceil(figure), 0), MOST_TOKENS);
}

/** Applies `wholeTokens` to all figures of a call; no part may exceed its total. */
export function wholeUsage(usage: Usage): Usage {
  const inputTokens = wholeTokens(usage.inputTokens);
  const cachedInputTokens = Math.min(wholeTokens(usage.cachedInputTokens), inputTokens);
  const outputTokens = wholeTokens(usage.outputTokens);
  return {
    inputTokens,
    cachedInputTokens,
    cacheWriteTokens: Math.min(wholeTokens(usage.cacheWriteTokens), inputTokens - cachedInputTokens),
    outputTokens,
    reasoningTokens: Math.min(wholeTokens(usage.reasoningTokens), outputTokens),
  };
}

export function addUsage(one: Usage, other: Usage): Usage {
  return {
    inputTokens: one.inputTokens + other.inputTokens,
    cachedInputTokens: one.cachedInputTokens + other.cachedInputTokens,
    cacheWriteTokens: one.cacheWriteTokens + other.cacheWriteTokens,
    outputTokens: one.outputTokens + other.outputTokens,
    reasoningTokens: one.reasoningTokens + other.reasoningTokens,
  };
}
