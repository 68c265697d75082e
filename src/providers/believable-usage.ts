import type { Usage } from '../base/money/usage.js';
import type { Target } from '../catalog/model.js';
import type { TextRequest } from './text/text-request.js';

/** The catalog may state a window or a limit too small; that is no reason to refuse a figure. */
const SLACK = 2;
/** Allows for hidden instructions of small models, and for models whose window is not known. */
const LEAST_INPUT_TOKENS = 32_768;
/** Some services let hidden reasoning exceed the output limit; this is the most that any of them allows. */
const HIDDEN_OUTPUT_TOKENS = 131_072;
/** A service that searches during its answer bills each of its passes. */
const PASSES = 16;

/**
 * Whether a model can have used this much: input up to its window, and output of each choice up to its limit plus the
 * longest hidden reasoning, both with room for services that count more than expected. A higher count is broken or a
 * lie.
 */
export function isBelievable(usage: Usage, { model, prompt }: TextRequest, { provider }: Target): boolean {
  const { choices, webSearch, hosted, extra = {} } = prompt;
  const searches = webSearch !== undefined || hosted !== undefined;
  const goesOn = searches || provider.passFields.some((field) => Object.hasOwn(extra, field));
  const passes = goesOn ? PASSES : 1;
  const input = Math.max(SLACK * model.contextWindow, LEAST_INPUT_TOKENS);
  const output = choices * (SLACK * model.maxOutputTokens + HIDDEN_OUTPUT_TOKENS);
  return usage.inputTokens <= passes * input && usage.outputTokens <= passes * output;
}
