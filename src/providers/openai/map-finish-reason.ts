import { GatewayError } from '../../base/errors/gateway-error.js';
import type { FinishReason } from '../../text/text-event.js';
import { UpstreamFailure } from '../upstream-failure.js';

const FINISH_REASONS: ReadonlyMap<string, FinishReason | 'failed'> = new Map<string, FinishReason | 'failed'>(
  [
    ['stop', 'stop'],
    ['length', 'length'],
    ['tool_calls', 'tool_calls'],
    ['content_filter', 'content_filter'],
    ['function_call', 'function_call'],
    // Words of other families that their OpenAI-compatible endpoints let through.
    ['end_turn', 'stop'],
    ['stop_sequence', 'stop'],
    ['eos', 'stop'],
    ['max_tokens', 'length'],
    ['max_output_tokens', 'length'],
    ['model_length', 'length'],
    ['model_context_window_exceeded', 'length'],
    ['tool_use', 'tool_calls'],
    ['safety', 'content_filter'],
    ['recitation', 'content_filter'],
    ['refusal', 'content_filter'],
    ['sensitive', 'content_filter'],
    ['prohibited_content', 'content_filter'],
    // OpenRouter; Z.ai; vLLM; Google, alone or after `function_call_filter: `; DeepSeek.
    ['error', 'failed'],
    ['network_error', 'failed'],
    ['abort', 'failed'],
    ['malformed_function_call', 'failed'],
    ['insufficient_system_resource', 'failed'],
  ],
);

/** An unknown reason is a stop; no reason at all (absent, null, empty) is undefined: the choice goes on. */
export function mapFinishReason(reason: unknown): FinishReason | 'failed' | undefined {
  if (typeof reason !== 'string' || reason === '') return undefined;
  const known = FINISH_REASONS.get(reason);
  if (known) return known;
  const word = reason.toLowerCase();
  const [kind = '', detail = ''] = word.split(': ', 2);
  return FINISH_REASONS.get(word) ?? FINISH_REASONS.get(detail) ?? FINISH_REASONS.get(kind) ?? 'stop';
}

/**
 * The upstream gave up on the answer; the next target may do better. A malformed call is the model's fault, not the
 * target's.
 */
export function failedFinish(reason: unknown): UpstreamFailure {
  const cause = 'the answer was finished as failed';
  return new UpstreamFailure(new GatewayError('upstream_error', undefined, { cause }), {
    retryable: true,
    targetFault: !/malformed_function_call/i.test(String(reason)),
  });
}
