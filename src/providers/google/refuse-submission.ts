import { isJsonObject, type JsonValue } from '../../base/json.js';
import { parseRetryAfter, retryAfterIn } from '../http/retry-after.js';
import type { ResponseHead } from '../http/upstream-call.js';
import { failureOfStatus } from '../map-status.js';
import { readError } from '../read-error.js';
import { UpstreamFailure } from '../upstream-failure.js';
import { refusesSubmission } from '../video/submission-failure.js';

/**
 * The failure for a refused submission; `refusal` is its JSON, if it is JSON. This wire answers 400 for an invalid
 * key and for an account that is not set up; both are still the operator's problem.
 */
export function refuseSubmission(head: ResponseHead, refusal: unknown, nowMs: number): UpstreamFailure {
  const status = head.status === 400 && isOperators(refusal) ? 401 : head.status;
  const retryAfterMs = parseRetryAfter(retryAfterIn(head), nowMs);
  const { error, options } = failureOfStatus(status, { retryAfterMs });
  const { code, type, message } = readError(refusal);
  return new UpstreamFailure(error, {
    ...options,
    elsewhere: false,
    refused: refusesSubmission(head.status),
    said: { status: head.status, words: { code, type, message } },
  });
}

function isOperators(refusal: unknown): boolean {
  const error = isJsonObject(refusal) && isJsonObject(refusal.error) ? refusal.error : {};
  if (error.status === 'FAILED_PRECONDITION') return true;
  const details: readonly JsonValue[] = Array.isArray(error.details)
    ? (error.details as readonly JsonValue[])
    : [];
  return details.some((detail) => isJsonObject(detail) && detail.reason === 'API_KEY_INVALID');
}
