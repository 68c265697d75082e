import { CounterSums, type MetricJson } from './counter-sums.js';

/**
 * Keeps what workers have counted, so that no sum that was shown ever goes down: the counts of a worker that has ended
 * stay, and those of one that does not answer are the last that were heard.
 */
export class KeptCounters {
  private readonly ended = new CounterSums();
  private readonly last = new Map<number, readonly MetricJson[]>();

  heard(workerId: number, metrics: readonly MetricJson[]): void {
    this.last.set(workerId, metrics);
  }

  workerEnded(workerId: number): void {
    this.ended.add(this.last.get(workerId) ?? []);
    this.last.delete(workerId);
  }

  /** Counts of workers that have ended, and of living ones that are not among those who answered. */
  without(answered: ReadonlySet<number>): readonly MetricJson[] {
    const sums = new CounterSums();
    sums.add(this.ended.toJson());
    for (const [workerId, metrics] of this.last) if (!answered.has(workerId)) sums.add(metrics);
    return sums.toJson();
  }
}
