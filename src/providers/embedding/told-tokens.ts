import { isJsonObject, type JsonValue } from '../../base/json.js';
import { MOST_TOKENS } from '../../base/money/usage.js';
import { countOf, type EmbeddingRequest } from './embedding-request.js';

/** The catalog may state a window too small; that is no reason to refuse a figure. */
const SLACK = 2;
/** Instructions that a service may put before each input by itself. */
const HIDDEN_TOKENS = 64;

/**
 * The first of these figures of a usage object that is there; undefined where there is none, or nothing was counted,
 * NaN for one that is no number.
 */
export function toldTokens(usage: JsonValue | undefined, ...names: readonly string[]): number | undefined {
  if (!isJsonObject(usage)) return undefined;
  const told = names.map((name) => usage[name] ?? undefined).find((figure) => figure !== undefined);
  if (told === undefined || told === 0) return undefined;
  return typeof told === 'number' ? told : NaN;
}

/** Whether the input can have this many tokens. A higher count, or one that is no count, is broken or a lie. */
export function areBelievable(
  tokens: number,
  { input, mostTokens }: Pick<EmbeddingRequest, 'input' | 'mostTokens'>,
): boolean {
  const most = SLACK * (mostTokens + countOf(input) * HIDDEN_TOKENS);
  return Number.isInteger(tokens) && tokens > 0 && tokens <= Math.min(most, MOST_TOKENS);
}
