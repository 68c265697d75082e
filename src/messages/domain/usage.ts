import type { JsonObject } from '../../base/json.js';
import type { Usage } from '../../base/money/usage.js';

/** Usage in Anthropic's terms: the input is what was neither read from a cache nor written to one. */
export function messageUsage(usage: Usage, estimated: boolean): JsonObject {
  const { inputTokens, cachedInputTokens, cacheWriteTokens, outputTokens, reasoningTokens } = usage;
  return {
    input_tokens: inputTokens - cachedInputTokens - cacheWriteTokens,
    cache_creation_input_tokens: cacheWriteTokens,
    cache_read_input_tokens: cachedInputTokens,
    cache_creation: { ephemeral_5m_input_tokens: cacheWriteTokens, ephemeral_1h_input_tokens: 0 },
    output_tokens: outputTokens,
    output_tokens_details: { thinking_tokens: reasoningTokens },
    server_tool_use: null,
    service_tier: null,
    ...(estimated && { estimated: true }),
  };
}
