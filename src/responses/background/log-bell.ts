import { Injectable } from '@nestjs/common';

/** Wakes this process's followers of a log when events were added; followers in other processes poll. */
@Injectable()
export class LogBell {
  private readonly waiting = new Map<string, Set<() => void>>();

  ring(responseId: string): void {
    const woken = this.waiting.get(responseId);
    this.waiting.delete(responseId);
    for (const wake of woken ?? []) wake();
  }

  /** Resolves with the next ring, when the time is over, or when the signal is aborted. */
  wait(responseId: string, ms: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        clearTimeout(timer);
        signal.removeEventListener('abort', wake);
        this.forget(responseId, wake);
        resolve();
      };
      const timer = setTimeout(wake, ms);
      signal.addEventListener('abort', wake);
      const others = this.waiting.get(responseId) ?? new Set();
      this.waiting.set(responseId, others.add(wake));
      if (signal.aborted) wake();
    });
  }

  private forget(responseId: string, wake: () => void): void {
    const waiting = this.waiting.get(responseId);
    waiting?.delete(wake);
    if (waiting?.size === 0) this.waiting.delete(responseId);
  }
}
