import { Injectable } from '@nestjs/common';

/** Followers that are woken in one turn of the event loop. */
const WOKEN_AT_ONCE = 64;

interface Waiting {
  readonly wakes: Set<() => void>;
  timer: NodeJS.Timeout;
  dueMs: number;
}

/**
 * Wakes this process's followers of a log when events were added; followers in other processes poll. Those of one log
 * are woken together, so that one look serves them all, but not in one turn: others want theirs, too.
 */
@Injectable()
export class LogBell {
  private readonly waiting = new Map<string, Waiting>();
  private count = 0;

  /** How often it has rung: what was looked at before a ring may lack what it was rung for. */
  get rings(): number {
    return this.count;
  }

  ring(responseId: string): void {
    this.count += 1;
    this.wakeAll(responseId);
  }

  /** Resolves with the next ring, when the time of the least patient is over, or when the signal is aborted. */
  wait(responseId: string, ms: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        signal.removeEventListener('abort', wake);
        this.forget(responseId, wake);
        resolve();
      };
      signal.addEventListener('abort', wake);
      this.waitingFor(responseId, ms).wakes.add(wake);
      if (signal.aborted) wake();
    });
  }

  private waitingFor(responseId: string, ms: number): Waiting {
    const dueMs = performance.now() + ms;
    const others = this.waiting.get(responseId);
    if (others && others.dueMs <= dueMs) return others;
    clearTimeout(others?.timer);
    const timer = setTimeout(() => this.wakeAll(responseId), ms);
    const waiting = { wakes: others?.wakes ?? new Set(), timer, dueMs };
    this.waiting.set(responseId, waiting);
    return waiting;
  }

  private wakeAll(responseId: string): void {
    const waiting = this.waiting.get(responseId);
    if (!waiting) return;
    clearTimeout(waiting.timer);
    this.waiting.delete(responseId);
    wakeInTurns([...waiting.wakes]);
  }

  private forget(responseId: string, wake: () => void): void {
    const waiting = this.waiting.get(responseId);
    waiting?.wakes.delete(wake);
    if (waiting?.wakes.size !== 0) return;
    clearTimeout(waiting.timer);
    this.waiting.delete(responseId);
  }
}

function wakeInTurns(wakes: readonly (() => void)[], from = 0): void {
  const next = from + WOKEN_AT_ONCE;
  for (const wake of wakes.slice(from, next)) wake();
  if (next < wakes.length) setImmediate(() => wakeInTurns(wakes, next));
}
