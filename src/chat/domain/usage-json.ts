import { type JsonObject } from '../../base/json.js';
import { type TextEvent } from '../../text/text-event.js';

type UsageEvent = Extract<TextEvent, { type: 'usage' }>;

/** The chat wire's `usage`: the upstream's own object as it came, else made from the counts. */
export function usageJson({ usage, raw, estimated }: UsageEvent): JsonObject {
  const mark: JsonObject = estimated ? { estimated } : {};
  if (raw) return { ...raw, ...mark };
  const cacheWrite: JsonObject =
    usage.cacheWriteTokens > 0 ? { cache_write_tokens: usage.cacheWriteTokens } : {};
  return {
    prompt_tokens: usage.inputTokens,
    completion_tokens: usage.outputTokens,
    total_tokens: usage.inputTokens + usage.outputTokens,
    prompt_tokens_details: { cached_tokens: usage.cachedInputTokens, ...cacheWrite },
    completion_tokens_details: { reasoning_tokens: usage.reasoningTokens },
    ...mark,
  };
}
