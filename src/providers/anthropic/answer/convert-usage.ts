import { isJsonObject, type JsonObject, type JsonValue } from '../../../base/json.js';
import { addUsage, MOST_TOKENS, type Usage } from '../../../base/money/usage.js';
import type { SpokenEvent } from '../../../text/text-event.js';

type UsageEvent = Extract<SpokenEvent, { type: 'usage' | 'usage_refused' }>;

/**
 * An answer's usage in our terms, as it is billed: the wire counts what goes through the cache beside the input, and
 * compactions only among the iterations.
 */
export function usageEvent(usage: JsonObject): UsageEvent {
  const total = countsOf(usage);
  const iterations = Array.isArray(usage['iterations']) ? (usage['iterations'] as readonly JsonValue[]) : [];
  const parts = iterations.filter(isJsonObject).map(countsOf);
  const all = parts.length === 0 ? total : parts.reduce(sum);
  // The sum of the iterations is what is billed, unless they are not all told.
  const counts =
    all && total && all.outputTokens >= total.outputTokens && all.inputTokens >= total.inputTokens
      ? all
      : total;
  return counts && isPlausible(counts) ? { type: 'usage', usage: counts } : { type: 'usage_refused' };
}

/** Nothing at all is what a server says that did not count. */
function isPlausible({ inputTokens, outputTokens }: Usage): boolean {
  return inputTokens + outputTokens > 0 && inputTokens <= MOST_TOKENS && outputTokens <= MOST_TOKENS;
}

function sum(one: Usage | undefined, other: Usage | undefined): Usage | undefined {
  return one && other && addUsage(one, other);
}

/** Undefined for figures that are no counts. */
function countsOf(usage: JsonObject): Usage | undefined {
  const plain = count(usage['input_tokens']);
  const cached = count(usage['cache_read_input_tokens']);
  const written = writtenOf(usage);
  const hourly = hourWritesOf(usage);
  const output = count(usage['output_tokens']);
  if (plain === undefined || cached === undefined || written === undefined || output === undefined)
    return undefined;
  const inputTokens = plain + cached + written;
  const { output_tokens_details: details } = usage;
  const thinking = isJsonObject(details) ? count(details['thinking_tokens']) : 0;
  return {
    inputTokens,
    cachedInputTokens: cached,
    cacheWriteTokens: written,
    ...(hourly > 0 && { cacheWrite1hTokens: Math.min(hourly, written) }),
    outputTokens: output,
    reasoningTokens: Math.min(thinking ?? 0, output),
  };
}

function writtenOf(usage: JsonObject): number | undefined {
  const written = count(usage['cache_creation_input_tokens']);
  const { cache_creation: creation } = usage;
  if (!isJsonObject(creation)) return written;
  const short = count(creation['ephemeral_5m_input_tokens']);
  const long = count(creation['ephemeral_1h_input_tokens']);
  if (written === undefined || short === undefined || long === undefined) return undefined;
  return Math.max(written, short + long);
}

function hourWritesOf({ cache_creation: creation }: JsonObject): number {
  return isJsonObject(creation) ? (count(creation['ephemeral_1h_input_tokens']) ?? 0) : 0;
}

/** Absent is none. */
function count(value: JsonValue | undefined): number | undefined {
  if (value === undefined || value === null) return 0;
  const isCount = typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= MOST_TOKENS;
  return isCount ? value : undefined;
}
