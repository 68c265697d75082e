import { setTimeout as sleep } from 'node:timers/promises';
import { LOCKED_FOR_MS, nextPause } from './lock-wait.js';

export interface WaitingCall<Input, Output> {
  readonly input: Input;
  /** Names the rows that the call locks: calls of one lane need the same ones. */
  readonly lane: string;
  /** `performance.now()` when the call came. */
  readonly askedAt: number;
  readonly resolve: (output: Output) => void;
  readonly reject: (failure: unknown) => void;
}

export interface Bounds {
  /** Bounds of one statement. */
  readonly rows: number;
  readonly bytes: number;
  /** Calls that may wait: in all, and in one lane whose rows are locked. */
  readonly waiting: number;
  readonly locked: number;
}

/**
 * Calls whose rows another transaction keeps locked, in the order of their arrival. The lanes are tried one after
 * another, each with a short statement; in between the calls wait without a connection. A lane goes with its last
 * call.
 */
export class LockedLanes<Input, Output> {
  private readonly lanes = new Map<string, WaitingCall<Input, Output>[]>();
  private isLooking = false;

  constructor(
    /** Answers the calls of one lane. @returns false when their row is still locked */
    private readonly send: (calls: readonly WaitingCall<Input, Output>[]) => Promise<boolean>,
    private readonly bounds: Bounds,
  ) {}

  get size(): number {
    let size = 0;
    for (const calls of this.lanes.values()) size += calls.length;
    return size;
  }

  has(lane: string): boolean {
    return this.lanes.has(lane);
  }

  /** Rejects the calls beyond the bound of one lane. */
  add(lane: string, calls: readonly WaitingCall<Input, Output>[]): void {
    const waiting = this.lanes.get(lane) ?? [];
    this.lanes.set(lane, waiting);
    for (const call of calls) {
      if (waiting.length < this.bounds.locked) waiting.push(call);
      else call.reject(new Error('too many calls are waiting for a row that is locked'));
    }
    if (!this.isLooking) void this.look();
  }

  private async look(): Promise<void> {
    this.isLooking = true;
    let pauseMs: number | undefined;
    while (this.lanes.size > 0) {
      pauseMs = nextPause(pauseMs);
      await sleep(pauseMs);
      for (const [lane, calls] of [...this.lanes]) {
        if (await this.lookAt(lane, calls)) pauseMs = undefined;
      }
    }
    this.isLooking = false;
  }

  /** @returns whether anything was done */
  private async lookAt(lane: string, calls: WaitingCall<Input, Output>[]): Promise<boolean> {
    const latest = performance.now() - LOCKED_FOR_MS;
    while (calls[0] && calls[0].askedAt < latest)
      calls.shift()?.reject(new Error('a row has been locked for too long'));
    const batch = calls.slice(0, this.bounds.rows);
    const isDone = batch.length > 0 && (await this.send(batch));
    if (isDone) calls.splice(0, batch.length);
    if (calls.length === 0) this.lanes.delete(lane);
    return isDone;
  }
}
