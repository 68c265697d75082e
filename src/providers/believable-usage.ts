import type { Usage } from '../base/money/usage.js';
import type { Target } from '../catalog/model.js';
import type { TextRequest } from './text/text-request.js';

/** A window or a limit that the catalog states too small is no reason to refuse a figure. */
const SLACK = 2;
/** Hidden instructions of small models, and models whose window is not known. */
const LEAST_INPUT_TOKENS = 32_768;
/** Some services let hidden reasoning go beyond the limit of output; the longest that any of them allows. */
const HIDDEN_OUTPUT_TOKENS = 131_072;
/** A service that searches in between bills each of its passes. */
const PASSES = 16;

/**
 * Whether a model can have used so much: no more input than fits into its window, and no more output of a choice than
 * its limit and the longest hidden reasoning, both with room for whoever counts more than expected. What is beyond is
 * a broken or a lying count.
 */
export function isBelievable(usage: Usage, { model, prompt }: TextRequest, { provider }: Target): boolean {
  const { choices, webSearch, extra = {} } = prompt;
  const goesOn = webSearch !== undefined || provider.passFields.some((field) => Object.hasOwn(extra, field));
  const passes = goesOn ? PASSES : 1;
  const input = Math.max(SLACK * model.contextWindow, LEAST_INPUT_TOKENS);
  const output = choices * (SLACK * model.maxOutputTokens + HIDDEN_OUTPUT_TOKENS);
  return usage.inputTokens <= passes * input && usage.outputTokens <= passes * output;
}
