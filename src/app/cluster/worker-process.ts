import cluster from 'node:cluster';
import type { FromPrimary, FromWorker, Needs } from './messages.js';

/** A worker that takes longer for one step of its start hangs. */
const STEP_MS = 120_000;

export interface Ended {
  /** Null when a signal ended it. */
  readonly code: number | null;
  readonly signal: string | null;
  /** How long it served; undefined if it never did. */
  readonly servedMs: number | undefined;
}

/** One worker, as the primary sees it. */
export class WorkerProcess {
  readonly ended: Promise<Ended>;
  /** Resolve when the worker says so: never, if it ends before. */
  readonly configured: Promise<Needs>;
  readonly serving: Promise<void>;
  readonly announced: Promise<void>;
  private readonly worker = cluster.fork();
  private servingSince: number | undefined;
  private hasEnded = false;
  private limit: NodeJS.Timeout | undefined;

  /** @param onMessage gets what the worker says once it serves */
  constructor(onMessage: (worker: WorkerProcess, message: FromWorker) => void) {
    const { worker } = this;
    const said = <Type extends FromWorker['type']>(type: Type) =>
      new Promise<Extract<FromWorker, { type: Type }>>((resolve) =>
        worker.on('message', (message: FromWorker) => {
          if (message.type === type) resolve(message as Extract<FromWorker, { type: Type }>);
        }),
      );
    this.configured = said('configured').then(({ needs }) => needs);
    this.serving = said('serving').then(() => undefined);
    this.announced = said('announced').then(() => undefined);
    worker.on('message', (message: FromWorker) => {
      if (message.type === 'configured') clearTimeout(this.limit);
      if (message.type === 'serving') this.hasBegunToServe();
      onMessage(this, message);
    });
    this.ended = new Promise((resolve) => {
      const end = (code: number | null, signal: string | null): void => {
        this.hasEnded = true;
        clearTimeout(this.limit);
        const since = this.servingSince;
        resolve({ code, signal, servedMs: since === undefined ? undefined : performance.now() - since });
      };
      worker.once('exit', end);
      // It could not be started; or a message did not reach it, since it is about to end.
      worker.on('error', () => worker.process.pid === undefined && end(null, null));
    });
    this.limitStep();
  }

  get id(): number {
    return this.worker.id;
  }

  get pid(): number | undefined {
    return this.worker.process.pid;
  }

  /** Whether it can be asked. */
  get isServing(): boolean {
    return this.servingSince !== undefined && !this.hasEnded;
  }

  tell(message: FromPrimary): void {
    if (this.hasEnded || !this.worker.isConnected()) return;
    if (message.type === 'begin') this.limitStep();
    this.worker.send(message, () => undefined);
  }

  kill(): void {
    this.worker.process.kill('SIGKILL');
  }

  private hasBegunToServe(): void {
    clearTimeout(this.limit);
    this.servingSince = performance.now();
  }

  private limitStep(): void {
    clearTimeout(this.limit);
    this.limit = setTimeout(() => this.kill(), STEP_MS);
  }
}
