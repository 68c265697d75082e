import type { FinishReason } from '../../../text/text-event.js';

const REASONS: ReadonlyMap<string, FinishReason> = new Map<string, FinishReason>([
  ['end_turn', 'stop'],
  ['stop_sequence', 'stop'],
  ['tool_use', 'tool_calls'],
  ['max_tokens', 'length'],
  ['model_context_window_exceeded', 'length'],
  ['refusal', 'content_filter'],
  ['pause_turn', 'stop'],
  ['compaction', 'stop'],
]);

/** An unknown reason is a stop; no reason at all is undefined. */
export function mapStopReason(reason: unknown): FinishReason | undefined {
  if (typeof reason !== 'string' || reason === '') return undefined;
  return REASONS.get(reason) ?? 'stop';
}
