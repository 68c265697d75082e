import type { Target } from '../catalog/model.js';
import { areSameTarget } from './order-targets.js';
import type { TargetHealth } from './target-health.js';
import { UpstreamFailure } from './upstream-failure.js';

const MAX_ATTEMPTS = 3;
const BACKOFF_BASE_MS = 200;
const BACKOFF_CAP_MS = 2_000;
/** A target that asks for a longer wait is not tried again by this call. */
const MAX_RETRY_AFTER_MS = 5_000;

interface Place {
  readonly target: Target;
  notBeforeMs: number;
}

/**
 * Chooses the target, with its key, of each attempt of one call, and how long to wait between attempts. What is set
 * aside is passed by as long as there is anything else; our own bookkeeping never refuses a call, so of targets that
 * are all set aside the first to be back is tried.
 */
export class RetryPlan {
  private rotation: readonly Place[];
  private attempts = 0;

  /** @param targets in order of preference, at least one; see `orderTargets` @param random uniform in [0, 1) */
  constructor(
    targets: readonly Target[],
    private readonly health: Pick<TargetHealth, 'isUsable' | 'usableAtMs'>,
    private readonly random: () => number,
    private readonly nowMs: () => number,
  ) {
    this.rotation = targets.map((target) => ({ target, notBeforeMs: 0 }));
  }

  /** The target of the next attempt. */
  next(): Target {
    const place = this.best();
    if (!place) throw new Error('a model without a target');
    this.attempts += 1;
    return place.target;
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
    const { retryable, elsewhere = false, retryAfterMs = 0, ofKey } = failure.options;
    if (!retryable && !elsewhere) return undefined;
    const isTried = (place: Place): boolean => place.target === target;
    const isBlamed = (place: Place): boolean =>
      ofKey === undefined ? areSameTarget(place.target, target) : isTried(place);
    const blamed = this.rotation.filter(isBlamed);
    const others = this.rotation.filter((place) => !isBlamed(place));
    for (const place of blamed) place.notBeforeMs = this.nowMs() + retryAfterMs;
    const isOut = elsewhere || retryAfterMs > MAX_RETRY_AFTER_MS;
    // Other targets first, then the target with its other keys, and the same key last.
    this.rotation = isOut
      ? others
      : [...others, ...blamed.filter((place) => !isTried(place)), ...blamed.filter(isTried)];
    const next = this.best();
    return next && Math.max(this.backoffMs(), next.notBeforeMs - this.nowMs());
  }

  private best(): Place | undefined {
    const usable = this.rotation.find(({ target }) => this.health.isUsable(target));
    if (usable) return usable;
    const { health } = this;
    return this.rotation.reduce<Place | undefined>(
      (best, place) =>
        best && health.usableAtMs(best.target) <= health.usableAtMs(place.target) ? best : place,
      undefined,
    );
  }

  /** Half of it fixed, half random, so that callers that failed together do not come back together. */
  private backoffMs(): number {
    const fullMs = Math.min(BACKOFF_BASE_MS * 2 ** (this.attempts - 1), BACKOFF_CAP_MS);
    return fullMs * (0.5 + this.random() * 0.5);
  }
}
