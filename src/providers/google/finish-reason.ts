import type { JsonValue } from '../../base/json.js';
import type { FinishReason } from '../../text/text-event.js';

const REASONS: ReadonlyMap<JsonValue, FinishReason | 'failed'> = new Map<JsonValue, FinishReason | 'failed'>([
  ['STOP', 'stop'],
  ['MAX_TOKENS', 'length'],
  ['SAFETY', 'content_filter'],
  ['RECITATION', 'content_filter'],
  ['BLOCKLIST', 'content_filter'],
  ['PROHIBITED_CONTENT', 'content_filter'],
  ['SPII', 'content_filter'],
  ['IMAGE_SAFETY', 'content_filter'],
  ['IMAGE_PROHIBITED_CONTENT', 'content_filter'],
  ['IMAGE_RECITATION', 'content_filter'],
  ['MALFORMED_FUNCTION_CALL', 'failed'],
  ['MALFORMED_RESPONSE', 'failed'],
  ['UNEXPECTED_TOOL_CALL', 'failed'],
  ['TOO_MANY_TOOL_CALLS', 'failed'],
  ['MISSING_THOUGHT_SIGNATURE', 'failed'],
]);

/** An unknown reason is a stop; no reason at all is undefined: the candidate goes on. */
export function finishReasonOf(reason: JsonValue | undefined): FinishReason | 'failed' | undefined {
  if (typeof reason !== 'string' || reason === '' || reason === 'FINISH_REASON_UNSPECIFIED') return undefined;
  return REASONS.get(reason) ?? 'stop';
}
