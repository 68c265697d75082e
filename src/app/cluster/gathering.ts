import type { Question } from '../../base/work/siblings.js';
import type { MetricJson } from './counter-sums.js';
import { KeptCounters } from './kept-counters.js';
import type { FromWorker } from './messages.js';
import { workerMetrics } from './worker-metrics.js';
import type { WorkerProcess } from './worker-process.js';

/** A worker that does not answer within this time is left out. */
const ANSWER_MS = 2_000;

interface Round {
  readonly question: Question;
  readonly waitsFor: Set<WorkerProcess>;
  readonly answers: Map<WorkerProcess, unknown>;
  readonly end: () => void;
}

/** Brings a worker's question to all others, and their answers to it. Adds to metrics what only the primary knows. */
export class Gathering {
  private readonly kept = new KeptCounters();
  private readonly rounds = new Map<number, Round>();
  private lastRound = 0;
  private deaths = 0;

  /** @param workers those that live */
  constructor(private readonly workers: () => Iterable<WorkerProcess>) {}

  hear(worker: WorkerProcess, message: FromWorker): void {
    switch (message.type) {
      case 'ask':
        this.keep(worker, message.question, message.own);
        void this.gather(worker, message.question).then((answers) =>
          worker.tell({ type: 'answers', id: message.id, answers }),
        );
        break;
      case 'answer':
        this.answered(worker, message.id, message.answer);
        break;
      case 'counted':
        this.kept.heard(worker.id, message.metrics);
        break;
      default:
    }
  }

  /** @param isDeath whether nobody had told it to end */
  workerEnded(worker: WorkerProcess, isDeath: boolean): void {
    this.kept.workerEnded(worker.id);
    if (isDeath) this.deaths += 1;
    for (const round of this.rounds.values()) {
      // Its counts are among those of workers that have ended.
      round.answers.delete(worker);
      round.waitsFor.delete(worker);
      if (round.waitsFor.size === 0) round.end();
    }
  }

  private async gather(asker: WorkerProcess, question: Question): Promise<readonly unknown[]> {
    const others = [...this.workers()].filter((worker) => worker !== asker && worker.isServing);
    const answers = new Map<WorkerProcess, unknown>();
    const waitsFor = new Set(others);
    const id = (this.lastRound += 1);
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ANSWER_MS);
      const end = (): void => {
        clearTimeout(timer);
        resolve();
      };
      this.rounds.set(id, { question, waitsFor, answers, end });
      for (const other of others) other.tell({ type: 'asked', id, question });
      if (others.length === 0) end();
    });
    this.rounds.delete(id);
    if (question !== 'metrics') return [...answers.values()];
    const heard = new Set([asker, ...answers.keys()].map((worker) => worker.id));
    const own = workerMetrics({ serving: heard.size, silent: waitsFor.size, deaths: this.deaths });
    return [...answers.values(), this.kept.without(heard), own];
  }

  private answered(worker: WorkerProcess, id: number, answer: unknown): void {
    const round = this.rounds.get(id);
    if (!round?.waitsFor.delete(worker)) return;
    this.keep(worker, round.question, answer);
    round.answers.set(worker, answer);
    if (round.waitsFor.size === 0) round.end();
  }

  private keep(worker: WorkerProcess, question: Question, answer: unknown): void {
    if (question === 'metrics') this.kept.heard(worker.id, answer as readonly MetricJson[]);
  }
}
