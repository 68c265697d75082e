import { Injectable } from '@nestjs/common';
import type { Target } from '../catalog/model.js';

/** Failures in a row after which a target is set aside. */
const FAILURES_IN_A_ROW = 5;
const SET_ASIDE_MS = 30_000;
/** Clients choose the names that are passed through, so there could be any number of them. */
const MOST_ENTRIES = 1_000;

export interface TargetState {
  readonly provider: string;
  readonly upstreamModel: string;
  readonly state: 'available' | 'set_aside' | 'probing';
  readonly failuresInARow: number;
}

interface Entry {
  readonly provider: string;
  readonly upstreamModel: string;
  failuresInARow: number;
  /** Clock time; 0 for a target that is not set aside. */
  setAsideUntilMs: number;
  probing: boolean;
}

/**
 * Which targets fail at the moment. A target that fails five times in a row is set aside for 30 s; then one call
 * probes it while other calls still pass it by. A target without recent failures has no entry; beyond a bound the
 * oldest entry is dropped.
 */
@Injectable()
export class TargetHealth {
  private readonly entries = new Map<string, Entry>();

  /** @param nowMs a clock in milliseconds. */
  constructor(private readonly nowMs: () => number) {}

  /**
   * The targets that may be tried now, in the given order. When all are set aside, it is the one whose time ends
   * first: our own bookkeeping never refuses a call.
   */
  usable(targets: readonly Target[]): readonly Target[] {
    const usable = targets.filter((target) => this.isUsable(this.entries.get(keyOf(target))));
    if (usable.length > 0) return usable;
    return targets.toSorted((a, b) => this.setAsideUntilMs(a) - this.setAsideUntilMs(b)).slice(0, 1);
  }

  /** To be called before each attempt; the first one after a target's time becomes its probe. */
  begin(target: Target): void {
    const entry = this.entries.get(keyOf(target));
    if (entry && entry.setAsideUntilMs > 0 && entry.setAsideUntilMs <= this.nowMs()) entry.probing = true;
  }

  /** The target has begun to answer, or refused because of the request: it is back, but on probation. */
  answered(target: Target): void {
    const entry = this.entries.get(keyOf(target));
    if (!entry || entry.setAsideUntilMs === 0) return;
    entry.setAsideUntilMs = 0;
    entry.probing = false;
    entry.failuresInARow = FAILURES_IN_A_ROW - 1;
  }

  completed(target: Target): void {
    this.entries.delete(keyOf(target));
  }

  failed(target: Target): void {
    const key = keyOf(target);
    const entry = this.entries.get(key) ?? {
      provider: target.provider.id,
      upstreamModel: target.upstreamModel,
      failuresInARow: 0,
      setAsideUntilMs: 0,
      probing: false,
    };
    this.entries.set(key, entry);
    if (this.entries.size > MOST_ENTRIES) this.forgetOldest();
    entry.failuresInARow += 1;
    entry.probing = false;
    if (entry.failuresInARow >= FAILURES_IN_A_ROW) entry.setAsideUntilMs = this.nowMs() + SET_ASIDE_MS;
  }

  /** The caller left before the target had shown anything: the next call may probe it. */
  abandoned(target: Target): void {
    const entry = this.entries.get(keyOf(target));
    if (entry) entry.probing = false;
  }

  /** Targets with recent failures. */
  snapshot(): readonly TargetState[] {
    return [...this.entries.values()].map((entry) => ({
      provider: entry.provider,
      upstreamModel: entry.upstreamModel,
      state: entry.probing ? 'probing' : entry.setAsideUntilMs > 0 ? 'set_aside' : 'available',
      failuresInARow: entry.failuresInARow,
    }));
  }

  private forgetOldest(): void {
    const [oldest] = this.entries.keys();
    if (oldest !== undefined) this.entries.delete(oldest);
  }

  private isUsable(entry: Entry | undefined): boolean {
    return !entry || (!entry.probing && entry.setAsideUntilMs <= this.nowMs());
  }

  private setAsideUntilMs(target: Target): number {
    return this.entries.get(keyOf(target))?.setAsideUntilMs ?? 0;
  }
}

function keyOf({ provider, upstreamModel }: Target): string {
  return `${provider.id}\0${upstreamModel}`;
}
