import type { Target } from '../catalog/model.js';
import { UpstreamFailure } from './upstream-failure.js';

const MAX_ATTEMPTS = 3;
const BACKOFF_BASE_MS = 200;
const BACKOFF_CAP_MS = 2_000;
/** A target that asks for a longer wait is not tried again by this call. */
const MAX_RETRY_AFTER_MS = 5_000;

/** Chooses the target of each attempt of one call, and how long to wait between attempts. */
export class RetryPlan {
  private readonly rotation: { readonly target: Target; notBeforeMs: number }[];
  private attempts = 0;

  constructor(
    targets: readonly Target[],
    private readonly random: () => number,
    private readonly nowMs: () => number,
  ) {
    this.rotation = targets.map((target) => ({ target, notBeforeMs: 0 }));
  }

  /** The target of the next attempt; it goes to the end of the queue. */
  next(): Target {
    const first = this.rotation.shift();
    if (!first) throw new Error('a model without a target');
    this.rotation.push(first);
    this.attempts += 1;
    return first.target;
  }

  /** Whether the last target may be asked once more at once; this counts as an attempt. */
  mayAgain(): boolean {
    if (this.attempts >= MAX_ATTEMPTS) return false;
    this.attempts += 1;
    return true;
  }

  /** Milliseconds until the next attempt; undefined to give up. */
  waitAfter(failure: unknown, target: Target): number | undefined {
    if (!(failure instanceof UpstreamFailure) || this.attempts >= MAX_ATTEMPTS) return undefined;
    const { retryable, elsewhere = false, retryAfterMs = 0 } = failure.options;
    if (!retryable && !elsewhere) return undefined;
    const position = this.rotation.findIndex((entry) => entry.target === target);
    const entry = this.rotation[position];
    if (entry && (elsewhere || retryAfterMs > MAX_RETRY_AFTER_MS)) this.rotation.splice(position, 1);
    else if (entry) entry.notBeforeMs = this.nowMs() + retryAfterMs;
    const next = this.rotation[0];
    return next && Math.max(this.backoffMs(), next.notBeforeMs - this.nowMs());
  }

  /** Half of it fixed, half random, so that callers that failed together do not come back together. */
  private backoffMs(): number {
    const fullMs = Math.min(BACKOFF_BASE_MS * 2 ** (this.attempts - 1), BACKOFF_CAP_MS);
    return fullMs * (0.5 + this.random() * 0.5);
  }
}
