/** Tokens that one call used. Cached, cache-written and reasoning tokens are parts of the totals. */
export interface Usage {
  readonly inputTokens: number;
  readonly cachedInputTokens: number;
  readonly cacheWriteTokens: number;
  /** The part of the cache writes that is kept for an hour; absent: none. */
  readonly cacheWrite1hTokens?: number;
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
  const cacheWriteTokens = Math.min(wholeTokens(usage.cacheWriteTokens), inputTokens - cachedInputTokens);
  const outputTokens = wholeTokens(usage.outputTokens);
  return {
    inputTokens,
    cachedInputTokens,
    cacheWriteTokens,
    ...hourWrites(Math.min(wholeTokens(usage.cacheWrite1hTokens ?? 0), cacheWriteTokens)),
    outputTokens,
    reasoningTokens: Math.min(wholeTokens(usage.reasoningTokens), outputTokens),
  };
}

export function addUsage(one: Usage, other: Usage): Usage {
  return {
    inputTokens: one.inputTokens + other.inputTokens,
    cachedInputTokens: one.cachedInputTokens + other.cachedInputTokens,
    cacheWriteTokens: one.cacheWriteTokens + other.cacheWriteTokens,
    ...hourWrites((one.cacheWrite1hTokens ?? 0) + (other.cacheWrite1hTokens ?? 0)),
    outputTokens: one.outputTokens + other.outputTokens,
    reasoningTokens: one.reasoningTokens + other.reasoningTokens,
  };
}

function hourWrites(cacheWrite1hTokens: number): Pick<Usage, 'cacheWrite1hTokens'> {
  return cacheWrite1hTokens === 0 ? {} : { cacheWrite1hTokens };
}
