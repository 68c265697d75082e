import { isJsonObject, type JsonObject, type JsonValue } from '../../base/json.js';
import { MOST_TOKENS, type Usage } from '../../base/money/usage.js';

const COUNTS = [
  ...['promptTokenCount', 'toolUsePromptTokenCount', 'candidatesTokenCount', 'thoughtsTokenCount'],
  ...['cachedContentTokenCount', 'totalTokenCount'],
] as const;

/**
 * A `usageMetadata` as it is billed: thoughts are output, and what tools of the service put into the prompt is input.
 * Tokens of the total beyond both are output. Undefined when it counts nothing; `refused` for figures that are no counts.
 */
export function convertUsage(metadata: JsonValue | undefined): Usage | 'refused' | undefined {
  if (!isJsonObject(metadata) || COUNTS.every((name) => (metadata[name] ?? 0) === 0)) return undefined;
  if (!COUNTS.every((name) => isCount(metadata[name] ?? 0)) || metadata['promptTokenCount'] === undefined)
    return 'refused';
  const inputTokens = count(metadata, 'promptTokenCount') + count(metadata, 'toolUsePromptTokenCount');
  const reasoningTokens = count(metadata, 'thoughtsTokenCount');
  const said = count(metadata, 'candidatesTokenCount') + reasoningTokens;
  const outputTokens = Math.max(said, count(metadata, 'totalTokenCount') - inputTokens);
  if (inputTokens > MOST_TOKENS || outputTokens > MOST_TOKENS) return 'refused';
  return {
    inputTokens,
    cachedInputTokens: Math.min(count(metadata, 'cachedContentTokenCount'), inputTokens),
    cacheWriteTokens: 0,
    outputTokens,
    reasoningTokens,
  };
}

function count(metadata: JsonObject, name: (typeof COUNTS)[number]): number {
  const value = metadata[name];
  return typeof value === 'number' ? value : 0;
}

function isCount(value: JsonValue): boolean {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= MOST_TOKENS;
}
