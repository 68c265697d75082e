import type { TextEvent } from '../../text/text-event.js';
import type { ResponseUsage } from './response.js';

export type UsageEvent = Extract<TextEvent, { type: 'usage' }>;

export function responseUsage({ usage, estimated }: UsageEvent): ResponseUsage {
  return {
    input_tokens: usage.inputTokens,
    input_tokens_details: {
      cached_tokens: usage.cachedInputTokens,
      cache_write_tokens: usage.cacheWriteTokens,
    },
    output_tokens: usage.outputTokens,
    output_tokens_details: { reasoning_tokens: usage.reasoningTokens },
    total_tokens: usage.inputTokens + usage.outputTokens,
    ...(estimated && { estimated }),
  };
}
