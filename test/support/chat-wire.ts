import type { JsonObject } from '../../src/base/json.js';

/** Frames of the given values; a string is sent as it is (`[DONE]`), anything else as JSON. */
export function sse(...values: readonly unknown[]): string {
  return values
    .map((value) => `data: ${typeof value === 'string' ? value : JSON.stringify(value)}\n\n`)
    .join('');
}

/** A chunk with one choice; `extra` adds or replaces top-level fields. */
export function chatChunk(
  delta: JsonObject,
  finishReason: string | null = null,
  extra: JsonObject = {},
): JsonObject {
  return {
    id: 'chatcmpl-upstream',
    object: 'chat.completion.chunk',
    created: 1_700_000_000,
    model: 'upstream-model',
    choices: [{ index: 0, delta, finish_reason: finishReason }],
    ...extra,
  };
}

export function usageChunk(usage: JsonObject): JsonObject {
  return chatChunk({}, null, { choices: [], usage });
}

export function chatUsage(promptTokens: number, completionTokens: number): JsonObject {
  return {
    prompt_tokens: promptTokens,
    completion_tokens: completionTokens,
    total_tokens: promptTokens + completionTokens,
  };
}

/** A whole answer with one choice; `extra` adds or replaces top-level fields. */
export function chatAnswer(message: JsonObject, finishReason = 'stop', extra: JsonObject = {}): JsonObject {
  return {
    id: 'chatcmpl-upstream',
    object: 'chat.completion',
    created: 1_700_000_000,
    model: 'upstream-model',
    choices: [
      {
        index: 0,
        message: { role: 'assistant', refusal: null, ...message },
        logprobs: null,
        finish_reason: finishReason,
      },
    ],
    usage: chatUsage(10, 5),
    ...extra,
  };
}
