import type { JsonObject } from '../../base/json.js';

/**
 * An entry of `reasoning_details`, the field in which OpenRouter and its clients carry what a provider needs back: one
 * block of reasoning that came with a signature. `index` counts the blocks of a choice.
 */
export function reasoningDetail(
  { text, signature }: { text: string; signature: string },
  index: number,
): JsonObject {
  return text === ''
    ? { type: 'reasoning.encrypted', data: signature, index }
    : { type: 'reasoning.text', text, signature, index };
}
