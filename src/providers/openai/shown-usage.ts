import { isJsonObject, type JsonObject, type JsonValue } from '../../base/json.js';
import type { Usage } from '../../base/money/usage.js';

/** Other names for our counts; they are left out, since they may count in another way. */
const OTHER_NAMES: ReadonlySet<string> = new Set([
  'input_tokens',
  'output_tokens',
  'input_tokens_details',
  'output_tokens_details',
]);

type Counts = Readonly<Record<string, number>>;

/**
 * An upstream's usage object with its own further fields, and with the charged counts under every name that it used
 * for them: a client that adds up the shown counts gets the sum on its receipt.
 */
export function shownUsage(raw: JsonObject, usage: Usage): JsonObject {
  const { inputTokens, cachedInputTokens, cacheWriteTokens, outputTokens, reasoningTokens } = usage;
  const counts: Counts = {
    cached_tokens: cachedInputTokens,
    prompt_cache_hit_tokens: cachedInputTokens,
    prompt_cache_miss_tokens: inputTokens - cachedInputTokens,
    cache_read_input_tokens: cachedInputTokens,
    cache_write_tokens: cacheWriteTokens,
    cache_creation_input_tokens: cacheWriteTokens,
    reasoning_tokens: reasoningTokens,
  };
  const { prompt_tokens_details: prompt, completion_tokens_details: completion, ...rest } = raw;
  const input = detailsOf(prompt ?? raw.input_tokens_details, counts, [
    'cached_tokens',
    'cache_write_tokens',
  ]);
  const output = detailsOf(completion ?? raw.output_tokens_details, counts, ['reasoning_tokens']);
  return {
    ...corrected(rest, counts),
    prompt_tokens: inputTokens,
    completion_tokens: outputTokens,
    total_tokens: inputTokens + outputTokens,
    ...(input && { prompt_tokens_details: input }),
    ...(output && { completion_tokens_details: output }),
  };
}

/** The existing parts, under the names that OpenAI gave them. */
function detailsOf(
  raw: JsonValue | undefined,
  counts: Counts,
  names: readonly string[],
): JsonObject | undefined {
  const details: Record<string, JsonValue> = isJsonObject(raw) ? corrected(raw, counts) : {};
  let isSaid = isJsonObject(raw);
  for (const name of names) {
    const tokens = counts[name] ?? 0;
    if (tokens === 0) continue;
    details[name] = tokens;
    isSaid = true;
  }
  return isSaid ? details : undefined;
}

function corrected(fields: JsonObject, counts: Counts): Record<string, JsonValue> {
  const shown: Record<string, JsonValue> = {};
  for (const name of Object.keys(fields)) {
    if (OTHER_NAMES.has(name) || name === '__proto__') continue;
    shown[name] = (Object.hasOwn(counts, name) ? counts[name] : fields[name]) ?? null;
  }
  return shown;
}
