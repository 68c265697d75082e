import { retryAfterIn } from './retry-after.js';
import type { ResponseHead } from './upstream-call.js';

/** An answer with a status from 400 on. */
export interface Refusal {
  readonly status: number;
  /** Its parsed JSON; undefined if it is no JSON. */
  readonly body: unknown;
  readonly retryAfter: string | undefined;
  /** When it came, in milliseconds. */
  readonly nowMs: number;
}

export function refusalOf(head: ResponseHead, body: unknown): Refusal {
  return { status: head.status, body, retryAfter: retryAfterIn(head), nowMs: Date.now() };
}
