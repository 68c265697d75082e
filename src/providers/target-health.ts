import { Injectable } from '@nestjs/common';
import type { ProviderSettings, Target } from '../catalog/model.js';
import { commonMarkOf, markOf, withEachKey } from '../catalog/provider-keys.js';
import type { UpstreamFailure } from './upstream-failure.js';

/** Failures in a row after which a target or a key is set aside. */
const FAILURES_IN_A_ROW = 5;
const SET_ASIDE_MS = 30_000;
/** For a 429 without a `Retry-After`. */
const LIMITED_MS = 1_000;
/** Clients choose the names that are passed through, so there could be any number of them. */
const MOST_ENTRIES = 1_000;

export interface TargetState {
  readonly provider: string;
  readonly upstreamModel: string;
  /** Which of the provider's keys; undefined for the target as a whole. */
  readonly keyNumber: number | undefined;
  readonly state: 'available' | 'set_aside' | 'probing';
  readonly failuresInARow: number;
  /** Clock time at which it is tried again; undefined unless it is set aside. */
  readonly untilMs: number | undefined;
}

interface Entry {
  readonly provider: string;
  readonly upstreamModel: string;
  readonly keyNumber: number | undefined;
  /** See `markOf`. */
  readonly mark: string;
  failuresInARow: number;
  /** Clock time; 0 for an entry that is not set aside because of failures. */
  setAsideUntilMs: number;
  /** Clock time of the end of a rate limit, after which no probe is needed. */
  limitedUntilMs: number;
  probing: boolean;
}

/**
 * Which targets and keys fail at the moment. A target that fails five times in a row is set aside for 30 s; then one
 * call probes it while other calls still pass it by. Where a provider has several keys, what is the fault of a key sets
 * aside that key alone, for that model: at once when it is refused or its account unpaid, and for a rate limit as long
 * as the `Retry-After` says. A target without recent failures has no entry; beyond a bound the oldest entry is dropped.
 */
@Injectable()
export class TargetHealth {
  private readonly entries = new Map<string, Entry>();

  /** @param nowMs a clock in milliseconds. */
  constructor(private readonly nowMs: () => number) {}

  isUsable(target: Target): boolean {
    return this.entries.size === 0 || this.entriesOf(target).every((entry) => this.isOpen(entry));
  }

  /** When it may be tried again; 0 for now. Of targets that are all set aside, the earliest is the least bad. */
  usableAtMs(target: Target): number {
    const entries = this.entriesOf(target);
    return Math.max(0, ...entries.flatMap((entry) => [entry.setAsideUntilMs, entry.limitedUntilMs]));
  }

  /** To be called before each attempt; the first one after the end of a time set aside becomes its probe. */
  begin(target: Target): void {
    for (const entry of this.entriesOf(target))
      if (entry.setAsideUntilMs > 0 && entry.setAsideUntilMs <= this.nowMs()) entry.probing = true;
  }

  /** The target has begun to answer, or refused because of the request: it is back, but on probation. */
  answered(target: Target): void {
    for (const entry of this.entriesOf(target)) onProbation(entry);
  }

  completed(target: Target): void {
    for (const entry of this.entriesOf(target)) {
      if (entry.limitedUntilMs <= this.nowMs())
        this.entries.delete(idOf(target, entry.keyNumber !== undefined));
      else forgive(entry);
    }
  }

  failed(target: Target, { options }: UpstreamFailure): void {
    const { ofKey, targetFault, retryAfterMs } = options;
    if (!targetFault && ofKey !== 'limited' && !(ofKey && hasKeys(target))) return this.answered(target);
    const blamed = this.blamed(target, ofKey !== undefined);
    // Who refuses a key is there.
    for (const entry of this.entriesOf(target)) if (entry !== blamed) onProbation(entry);
    if (ofKey === 'limited') {
      blamed.limitedUntilMs = Math.max(blamed.limitedUntilMs, this.nowMs() + (retryAfterMs ?? LIMITED_MS));
      onProbation(blamed);
      return;
    }
    blamed.failuresInARow += 1;
    blamed.probing = false;
    if (ofKey === 'refused' || blamed.failuresInARow >= FAILURES_IN_A_ROW)
      blamed.setAsideUntilMs = this.nowMs() + SET_ASIDE_MS;
  }

  /** The caller left before the target had shown anything: the next call may probe it. */
  abandoned(target: Target): void {
    for (const entry of this.entriesOf(target)) entry.probing = false;
  }

  /** Forgets what is not of these providers, with their present addresses and keys. */
  keep(providers: readonly ProviderSettings[]): void {
    const marks = new Set(
      providers.flatMap((provider) => [commonMarkOf(provider), ...withEachKey(provider).map(markOf)]),
    );
    for (const [id, { mark }] of this.entries) if (!marks.has(mark)) this.entries.delete(id);
  }

  /** Targets and keys with recent failures. */
  snapshot(): readonly TargetState[] {
    return [...this.entries.values()].flatMap((entry) => {
      const { provider, upstreamModel, keyNumber, failuresInARow } = entry;
      const state = this.stateOf(entry);
      if (state === 'available' && failuresInARow === 0) return [];
      const untilMs =
        state === 'set_aside' ? Math.max(entry.setAsideUntilMs, entry.limitedUntilMs) : undefined;
      return [{ provider, upstreamModel, keyNumber, state, failuresInARow, untilMs }];
    });
  }

  private stateOf(entry: Entry): TargetState['state'] {
    if (entry.probing) return 'probing';
    return entry.setAsideUntilMs > 0 || entry.limitedUntilMs > this.nowMs() ? 'set_aside' : 'available';
  }

  /** Of the target and of its key; for a provider with one key both are one. */
  private entriesOf(target: Target): readonly Entry[] {
    if (this.entries.size === 0) return [];
    const whole = this.entries.get(idOf(target, false));
    const ofKey = hasKeys(target) ? this.entries.get(idOf(target, true)) : undefined;
    return [whole, ofKey].filter((entry) => entry !== undefined);
  }

  private blamed(target: Target, isOfKey: boolean): Entry {
    const isKeys = isOfKey && hasKeys(target);
    const id = idOf(target, isKeys);
    const known = this.entries.get(id);
    if (known) return known;
    const { provider, upstreamModel } = target;
    const entry: Entry = {
      provider: provider.id,
      upstreamModel,
      keyNumber: isKeys ? provider.keyNumber : undefined,
      mark: isKeys ? markOf(provider) : commonMarkOf(provider),
      failuresInARow: 0,
      setAsideUntilMs: 0,
      limitedUntilMs: 0,
      probing: false,
    };
    this.entries.set(id, entry);
    if (this.entries.size > MOST_ENTRIES) this.forgetOldest();
    return entry;
  }

  private forgetOldest(): void {
    const [oldest] = this.entries.keys();
    if (oldest !== undefined) this.entries.delete(oldest);
  }

  private isOpen({ probing, setAsideUntilMs, limitedUntilMs }: Entry): boolean {
    return !probing && Math.max(setAsideUntilMs, limitedUntilMs) <= this.nowMs();
  }
}

function onProbation(entry: Entry): void {
  if (entry.setAsideUntilMs === 0) return;
  entry.setAsideUntilMs = 0;
  entry.probing = false;
  entry.failuresInARow = FAILURES_IN_A_ROW - 1;
}

function forgive(entry: Entry): void {
  entry.setAsideUntilMs = 0;
  entry.probing = false;
  entry.failuresInARow = 0;
}

function hasKeys({ provider }: Target): boolean {
  return provider.keyNumber !== undefined;
}

function idOf({ provider, upstreamModel }: Target, isKeys: boolean): string {
  return `${isKeys ? markOf(provider) : commonMarkOf(provider)} ${upstreamModel}`;
}
