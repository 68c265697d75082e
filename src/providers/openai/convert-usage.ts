import { isJsonObject, type JsonObject, type JsonValue } from '../../base/json.js';
import type { Usage } from '../../base/money/usage.js';
import type { SpokenEvent } from '../../text/text-event.js';
import { shownUsage } from './shown-usage.js';

/** Largest number of tokens that is a valid count, since counts are stored in this range. */
const MAX_TOKENS = 2 ** 31 - 1;

const TOTALS = ['prompt_tokens', 'completion_tokens', 'total_tokens', 'input_tokens', 'output_tokens'];
/** Names for tokens read from a cache: OpenAI; Moonshot; DeepSeek; Anthropic. */
const CACHED = ['cached_tokens', 'prompt_cache_hit_tokens', 'cache_read_input_tokens'];
/** Names for tokens written to a cache: OpenRouter; Anthropic and DashScope. */
const WRITTEN = ['cache_write_tokens', 'cache_creation_input_tokens'];

type UsageEvent = Extract<SpokenEvent, { type: 'usage' | 'usage_refused' }>;

/** The usage in a chunk: its own, else that of `x_groq` (Groq), else of one of its choices (Moonshot). */
export function usageOf({ usage, x_groq: groq, choices }: JsonObject): UsageEvent | undefined {
  const own = convertUsage(usage);
  if (own) return { type: 'usage', ...own };
  let hasCounts = isJsonObject(usage) && claimsCounts(usage);
  for (const candidate of elsewhere(groq, choices)) {
    const converted = convertUsage(candidate);
    if (converted) return { type: 'usage', ...converted };
    hasCounts ||= isJsonObject(candidate) && claimsCounts(candidate);
  }
  return hasCounts ? { type: 'usage_refused' } : undefined;
}

function* elsewhere(
  groq: JsonValue | undefined,
  choices: JsonValue | undefined,
): Generator<JsonValue | undefined> {
  if (isJsonObject(groq)) yield groq.usage;
  if (!Array.isArray(choices)) return;
  for (const choice of choices as readonly JsonValue[]) if (isJsonObject(choice)) yield choice.usage;
}

/** Some servers report only zeros when they did not count. */
function claimsCounts(usage: JsonObject): boolean {
  return TOTALS.some((name) => (usage[name] ?? 0) !== 0);
}

/**
 * An upstream's usage object in our terms, as it bills; undefined when its totals are not token counts. Tokens of a
 * total beyond the input are output: xAI counts reasoning beside the completion, Google counts it only in the total.
 * Parts are capped at their totals.
 */
export function convertUsage(usage: unknown): { usage: Usage; raw: JsonObject } | undefined {
  if (!isJsonObject(usage)) return undefined;
  const inputDetails = object(usage.prompt_tokens_details ?? usage.input_tokens_details);
  const outputDetails = object(usage.completion_tokens_details ?? usage.output_tokens_details);
  const cached = largest(CACHED, inputDetails, usage);
  const written = largest(WRITTEN, inputDetails, usage);
  const reasoning = largest(['reasoning_tokens'], outputDetails, usage);
  const totals = totalsOf(usage, cached + written, reasoning);
  if (!totals) return undefined;
  const { inputTokens, outputTokens } = totals;
  const cachedInputTokens = Math.min(cached, inputTokens);
  const counts: Usage = {
    inputTokens,
    cachedInputTokens,
    cacheWriteTokens: Math.min(written, inputTokens - cachedInputTokens),
    outputTokens,
    reasoningTokens: Math.min(reasoning, outputTokens),
  };
  return { usage: counts, raw: shownUsage(usage, counts) };
}

function totalsOf(
  usage: JsonObject,
  throughCache: number,
  reasoning: number,
): Pick<Usage, 'inputTokens' | 'outputTokens'> | undefined {
  const total = count(usage.total_tokens);
  const completion = readCount(usage.completion_tokens ?? usage.output_tokens);
  const prompt = readCount(usage.prompt_tokens ?? inputBesideCache(usage, throughCache, total));
  if (prompt === 'refused' || completion === 'refused') return undefined;
  const inputTokens = prompt ?? difference(total, completion);
  const rest = difference(total, inputTokens);
  const outputTokens = Math.max(completion ?? -1, rest ?? -1);
  if (inputTokens === undefined || outputTokens < 0 || inputTokens + outputTokens === 0) return undefined;
  // A part cannot be larger than its whole, so the reasoning was counted beside the output.
  const beside = total === undefined && reasoning > outputTokens ? reasoning : 0;
  return withinBounds({ inputTokens, outputTokens: outputTokens + beside });
}

/** With Anthropic's own names the cached tokens are beside the input, unless the total says that they are in it. */
function inputBesideCache(
  { input_tokens: input, output_tokens: output, input_tokens_details: details }: JsonObject,
  throughCache: number,
  total: number | undefined,
): JsonValue | undefined {
  const tokens = count(input);
  if (tokens === undefined || isJsonObject(details)) return input;
  const all = tokens + throughCache;
  return total !== undefined && all + (count(output) ?? 0) > total ? tokens : all;
}

function withinBounds<Totals extends Pick<Usage, 'inputTokens' | 'outputTokens'>>(
  totals: Totals,
): Totals | undefined {
  return totals.inputTokens <= MAX_TOKENS && totals.outputTokens <= MAX_TOKENS ? totals : undefined;
}

function difference(total: number | undefined, part: number | undefined): number | undefined {
  return total === undefined || part === undefined || part > total ? undefined : total - part;
}

function largest(names: readonly string[], ...places: readonly JsonObject[]): number {
  let tokens = 0;
  for (const place of places) for (const name of names) tokens = Math.max(tokens, count(place[name]) ?? 0);
  return tokens;
}

function object(details: JsonValue | undefined): JsonObject {
  return isJsonObject(details) ? details : {};
}

/** Undefined for an absent count. */
function readCount(value: JsonValue | undefined): number | 'refused' | undefined {
  return value === undefined || value === null ? undefined : (count(value) ?? 'refused');
}

function count(value: JsonValue | undefined): number | undefined {
  const isCount = typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= MAX_TOKENS;
  return isCount ? value : undefined;
}
