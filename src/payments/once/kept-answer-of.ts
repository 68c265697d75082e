import { GatewayError } from '../../base/errors/gateway-error.js';
import type { IdempotencyRecord, KeptAnswer } from './idempotency-store.js';

/** @throws GatewayError idempotency_in_flight, or what became of the answer */
export function keptAnswerOf({ answer, responseId }: IdempotencyRecord): KeptAnswer {
  if (typeof answer === 'string') throw withoutAnswer(answer, responseId);
  return answer;
}

function withoutAnswer(state: 'running' | 'lost' | 'erased', responseId: string): GatewayError {
  if (state === 'running') return inFlight();
  if (state === 'erased') {
    const code = responseId.startsWith('video_') ? 'video_not_found' : 'response_not_found';
    return new GatewayError(code, 'The answer to this request was deleted.');
  }
  return new GatewayError(
    'server_error',
    'This call was charged, but its answer is not kept: it was too long, or the gateway stopped before it was complete. A new Idempotency-Key runs it again.',
    { shouldRetry: false },
  );
}

/** The first request has no answer yet. */
export function inFlight(): GatewayError {
  return new GatewayError('idempotency_in_flight', undefined, { retryAfterSeconds: 1 });
}
