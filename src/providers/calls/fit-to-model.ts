import { REASONING_EFFORTS, type ReasoningEffort, type TextModel } from '../../catalog/model.js';
import type { Prompt } from '../../text/prompt.js';

/** Maximum output tokens of one choice: the client's limit, else the model's default, within the model's limit. */
export function outputCapOf(model: TextModel, asked: number | undefined): number {
  const { maxOutputTokens, defaultOutputTokens = maxOutputTokens } = model;
  return Math.min(asked ?? defaultOutputTokens, maxOutputTokens);
}

/**
 * The prompt with an effort that the model takes: the strongest that is not above the one asked for, else the
 * weakest. An effort is a hint, so none is sent to a model that takes none.
 */
export function fitEffort(prompt: Prompt, { reasoningEfforts }: TextModel): Prompt {
  const asked = strength(prompt.reasoningEffort);
  if (!reasoningEfforts || asked < 0) return prompt;
  const fitting = reasoningEfforts.findLast((effort) => strength(effort) <= asked) ?? reasoningEfforts[0];
  return { ...prompt, reasoningEffort: fitting };
}

function strength(effort: string | undefined): number {
  return REASONING_EFFORTS.indexOf(effort as ReasoningEffort);
}
