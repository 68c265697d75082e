import { Injectable } from '@nestjs/common';
import { Bag, type Bagged } from '../base/work/bag.js';
import { LivesIn, type Worker } from '../base/work/worker.js';
import type { CallProgress } from './process-leases.js';

/** A paid call from before its hold is asked for until its hold has ended. */
export interface RunningCall extends Bagged {
  readonly holdId: string;
  progress(): CallProgress;
  /** Ends the call although client and upstream would go on. */
  cutOff(): void;
}

/** The paid calls of this process; each is here exactly as long as it may own a hold. */
@Injectable()
@LivesIn('calls')
export class RunningCalls implements Worker {
  private readonly calls = new Bag<RunningCall>();
  /** Holds of calls that another process is to run; this process must not release them. */
  private readonly movedHolds = new Set<string>();
  private idleWaiters: (() => void)[] = [];
  private isAbandoned = false;

  get size(): number {
    return this.calls.size;
  }

  add(call: RunningCall): void {
    this.calls.add(call);
  }

  remove(call: RunningCall): void {
    this.calls.delete(call);
    if (this.calls.size > 0) return;
    for (const resolve of this.idleWaiters.splice(0)) resolve();
  }

  /** Holds that this process must not release. */
  holdIds(): ReadonlySet<string> {
    return new Set([...Array.from(this.calls, ({ holdId }) => holdId), ...this.movedHolds]);
  }

  /** The call ends here, and its hold does not. */
  letGo(call: RunningCall): void {
    this.movedHolds.add(call.holdId);
  }

  /** Holds that were let go and have not been handed over, of calls that this process has not taken up again. */
  moved(): readonly string[] {
    const running = new Set(Array.from(this.calls, ({ holdId }) => holdId));
    return [...this.movedHolds].filter((holdId) => !running.has(holdId));
  }

  handedOver(holdIds: readonly string[]): void {
    for (const holdId of holdIds) this.movedHolds.delete(holdId);
  }

  progress(): readonly CallProgress[] {
    return Array.from(this.calls, (call) => call.progress());
  }

  cutOff(): void {
    for (const call of this.calls) call.cutOff();
  }

  /** The process ends: a call whose end the ledger has not taken by now is left to the sweeps. */
  stop(): void {
    this.isAbandoned = true;
  }

  get abandoned(): boolean {
    return this.isAbandoned;
  }

  /** Resolves when no call is running: at once, or when the last one has ended. */
  whenIdle(): Promise<void> {
    return this.calls.size === 0
      ? Promise.resolve()
      : new Promise((resolve) => this.idleWaiters.push(resolve));
  }
}
