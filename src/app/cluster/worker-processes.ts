import type { Logger } from 'pino';
import { Gathering } from './gathering.js';
import type { Beginning, FromPrimary } from './messages.js';
import { Succession, type SuccessionBounds } from './succession.js';
import { WorkerProcess, type Ended } from './worker-process.js';

/** Why the gateway ends although nobody told it to. */
export interface Failure {
  readonly ended: Ended;
  /** Whether all workers have served before. */
  readonly afterStart: boolean;
}

/** The workers of this primary. One that ends is replaced, until they are told to end. */
export class WorkerProcesses {
  /** Resolves when a worker ends before the start is over, or when workers end at once, again and again. */
  readonly failed: Promise<Failure>;
  private readonly living = new Set<WorkerProcess>();
  private readonly gathering = new Gathering(() => this.living);
  private readonly succession: Succession;
  private readonly pauses = new Set<NodeJS.Timeout>();
  private fail: (failure: Failure) => void = () => undefined;
  private allEnded: () => void = () => undefined;
  private beginning: Beginning | undefined;
  private logger: Logger | undefined;
  private hasStarted = false;
  private isEnding = false;
  /** How often the workers were told to end. */
  private endsTold = 0;

  constructor(bounds?: SuccessionBounds) {
    this.succession = new Succession(bounds);
    this.failed = new Promise((resolve) => (this.fail = resolve));
  }

  /** A worker that waits for its beginning once it is configured. */
  add(): WorkerProcess {
    const worker = new WorkerProcess((from, message) => this.gathering.hear(from, message));
    this.living.add(worker);
    void worker.ended.then((ended) => this.hasEnded(worker, ended));
    void worker.configured.then(() => {
      if (this.beginning) this.beginAt(worker, this.beginning);
      else this.endAgain(worker);
    });
    return worker;
  }

  /** Lets all begin that are configured, and later ones as soon as they are. Resolves when those that are there now serve. */
  async begin(beginning: Beginning): Promise<void> {
    this.beginning = beginning;
    const workers = [...this.living];
    for (const worker of workers) void worker.configured.then(() => this.beginAt(worker, beginning));
    await Promise.all(workers.map(({ serving }) => serving));
  }

  /** From now on a worker that ends is replaced. */
  started(logger: Logger): void {
    this.logger = logger;
    this.hasStarted = true;
  }

  tellAll(message: FromPrimary): void {
    if (message.type === 'end') this.endsTold += 1;
    for (const worker of this.living) worker.tell(message);
  }

  /** No worker is started any more; those that live are told by the caller. Resolves when all have ended. */
  async whenEnded(): Promise<void> {
    this.isEnding = true;
    for (const pause of this.pauses) clearTimeout(pause);
    if (this.living.size > 0) await new Promise<void>((resolve) => (this.allEnded = resolve));
  }

  kill(): void {
    for (const worker of this.living) worker.kill();
  }

  private beginAt(worker: WorkerProcess, beginning: Beginning): void {
    if (this.endsTold > 0) this.endAgain(worker);
    else worker.tell({ type: 'begin', ...beginning });
  }

  /** A worker that was still loading its modules may not have heard that it is to end. */
  private endAgain(worker: WorkerProcess): void {
    for (let told = 0; told < this.endsTold; told += 1) worker.tell({ type: 'end' });
  }

  private hasEnded(worker: WorkerProcess, ended: Ended): void {
    this.living.delete(worker);
    this.gathering.workerEnded(worker, !this.isEnding && ended.code !== 0);
    if (this.isEnding) {
      if (this.living.size === 0) this.allEnded();
      return;
    }
    const pauseMs = this.hasStarted ? this.succession.after(ended.servedMs) : undefined;
    if (pauseMs === undefined) {
      this.fail({ ended, afterStart: this.hasStarted });
      return;
    }
    const { code, signal } = ended;
    this.logger?.warn(
      { workerPid: worker.pid, code, signal, pauseMs },
      'a worker has ended, another one takes its place',
    );
    const pause = setTimeout(() => {
      this.pauses.delete(pause);
      this.add();
    }, pauseMs);
    this.pauses.add(pause);
  }
}
