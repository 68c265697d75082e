import { isJsonObject } from '../../base/json.js';
import { malformed } from '../http/malformed.js';
import { parseRetryAfter, retryAfterIn } from '../http/retry-after.js';
import type { ResponseHead } from '../http/upstream-call.js';
import { failureOfStatus } from '../map-status.js';
import type { UpstreamFailure } from '../upstream-failure.js';

/** A request about a job contains nothing of the client's, so these statuses are not shown to the client. */
const OURS: ReadonlySet<number> = new Set([400, 413, 422]);

/** The failure for a refused request about a job: any status but a success. */
export function jobFailure(head: ResponseHead): UpstreamFailure {
  const { status } = head;
  if (status < 400) return malformed(`status ${status}`);
  const retryAfterMs = parseRetryAfter(retryAfterIn(head), Date.now());
  return failureOfStatus(OURS.has(status) ? 502 : status, { retryAfterMs });
}

/** Whether the upstream does not know a job. Only JSON counts, since a proxy on the way says 404 for anything. */
export function saysGone({ status }: ResponseHead, refusal: unknown): boolean {
  return (status === 404 || status === 410) && (isJsonObject(refusal) || Array.isArray(refusal));
}
