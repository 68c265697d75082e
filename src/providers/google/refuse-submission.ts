import { isJsonObject, type JsonValue } from '../../base/json.js';
import { headerOf } from '../http/header.js';
import { parseRetryAfter } from '../http/retry-after.js';
import type { ResponseHead } from '../http/upstream-call.js';
import { failureOfStatus } from '../map-status.js';
import { readError } from '../read-error.js';
import { UpstreamFailure } from '../upstream-failure.js';
import { refusesSubmission } from '../video/submission-failure.js';

/**
 * What a refused submission means; `refusal` is its JSON, if it is JSON. A key that is not valid and an account that
 * is not set up are a 400 on this wire, and the operator's problem all the same.
 */
export function refuseSubmission(head: ResponseHead, refusal: unknown, nowMs: number): UpstreamFailure {
  const status = head.status === 400 && isOperators(refusal) ? 401 : head.status;
  const retryAfterMs = parseRetryAfter(headerOf(head, 'retry-after'), nowMs);
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
