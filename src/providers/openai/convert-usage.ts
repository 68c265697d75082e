import { isJsonObject, type JsonObject } from '../../json.js';
import type { Usage } from '../../payments/domain/usage.js';

/**
 * An upstream's usage object in our terms, or undefined when its totals are not token counts. Parts are cut to their
 * totals. Upstreams that count reasoning beside the completion (xAI, for one) are known by their own total.
 */
export function convertUsage(usage: unknown): { usage: Usage; raw: JsonObject } | undefined {
  if (!isJsonObject(usage)) return undefined;
  const inputTokens = tokens(usage.prompt_tokens);
  const completionTokens = tokens(usage.completion_tokens);
  if (inputTokens === undefined || completionTokens === undefined) return undefined;

  const input = part(usage.prompt_tokens_details);
  const reasoning = tokens(part(usage.completion_tokens_details).reasoning_tokens) ?? 0;
  const countedBeside =
    reasoning > 0 && tokens(usage.total_tokens) === inputTokens + completionTokens + reasoning;
  const outputTokens = countedBeside ? completionTokens + reasoning : completionTokens;

  const cached = Math.min(
    tokens(input.cached_tokens) ?? tokens(usage.cache_read_input_tokens) ?? 0,
    inputTokens,
  );
  const written = tokens(input.cache_write_tokens) ?? tokens(usage.cache_creation_input_tokens) ?? 0;
  return {
    usage: {
      inputTokens,
      cachedInputTokens: cached,
      cacheWriteTokens: Math.min(written, inputTokens - cached),
      outputTokens,
      reasoningTokens: Math.min(reasoning, outputTokens),
    },
    raw: usage,
  };
}

function part(details: unknown): JsonObject {
  return isJsonObject(details) ? details : {};
}

function tokens(count: unknown): number | undefined {
  return Number.isSafeInteger(count) && (count as number) >= 0 ? (count as number) : undefined;
}
