import { StartError } from '../../base/errors/start-error.js';
import { wordsForHome } from '../../storage/embedded-postgres/data-home.js';
import { startDatabase } from '../../storage/start-database.js';
import { listenForSignals, type EndSignals } from '../end-signals.js';
import { createLogger } from '../logging/create-logger.js';
import { migrate } from '../migrate.js';
import { requireUsableAddress } from '../start-failure.js';
import type { SuccessionBounds } from './succession.js';
import { WorkerProcesses, type Failure } from './worker-processes.js';

/** Beside the grace, the time that whoever ends a gateway leaves it; a worker that still hangs then is killed. */
const AFTER_GRACE_MS = 14_000;

/**
 * Does once what concerns the whole gateway, and lets `count` workers serve its port until a signal.
 * @returns the exit status
 * @throws the errors that `wordsFor` describes
 */
export async function runPrimary(count: number, bounds?: SuccessionBounds): Promise<number> {
  const signals = listenForSignals();
  const workers = new WorkerProcesses(bounds);
  const primary = new Primary(workers, signals);
  signals.onEach(() => workers.tellAll({ type: 'end' }));
  try {
    return await primary.run(count);
  } finally {
    workers.kill();
  }
}

/** Ends the waiting of a start: a signal, or a worker that has ended. */
class Stopped {
  constructor(readonly failure: Failure | undefined) {}
}

class Primary {
  private readonly stopped: Promise<Stopped>;

  constructor(
    private readonly workers: WorkerProcesses,
    private readonly signals: EndSignals,
  ) {
    this.stopped = Promise.race([
      signals.first.then(() => new Stopped(undefined)),
      workers.failed.then((failure) => new Stopped(failure)),
    ]);
  }

  async run(count: number): Promise<number> {
    const { workers } = this;
    // The first one alone reads the configuration at first, so that its mistakes are reported once.
    const leader = workers.add();
    const needs = await this.unlessStopped(leader.configured);
    if (needs instanceof Stopped) return this.end(needs, 0);
    if (needs.hasFile) process.on('SIGHUP', () => workers.tellAll({ type: 'reload' }));
    for (let others = 1; others < count; others += 1) workers.add();

    const logger = createLogger(needs.log);
    if (needs.dataDir !== needs.askedDataDir) logger.warn(wordsForHome(needs.askedDataDir, needs.dataDir));
    const port = await requireUsableAddress(needs.listen);
    const database = await startDatabase({
      url: needs.databaseUrl,
      dataDir: needs.dataDir,
      workers: count,
      log: { info: (message) => logger.info(message), warn: (message) => logger.warn(message) },
    });
    try {
      await migrate(database.url, needs.directUrl, logger);
      let stopped = await this.unlessStopped(workers.begin({ databaseUrl: database.url, port }));
      leader.tell({ type: 'announce' });
      if (!(stopped instanceof Stopped)) stopped = await this.unlessStopped(leader.announced);
      if (!(stopped instanceof Stopped)) {
        workers.started(logger);
        stopped = await this.stopped;
      }
      return await this.end(stopped, needs.shutdownGraceMs);
    } finally {
      workers.kill();
      await workers.whenEnded();
      await database.stop();
    }
  }

  private unlessStopped<Result>(work: Promise<Result>): Promise<Result | Stopped> {
    return Promise.race([work, this.stopped]);
  }

  private async end({ failure }: Stopped, graceMs: number): Promise<number> {
    const { workers, signals } = this;
    if (failure) workers.tellAll({ type: 'end' });
    let timer = setTimeout(() => workers.kill(), graceMs + AFTER_GRACE_MS);
    signals.second.addEventListener('abort', () => {
      clearTimeout(timer);
      timer = setTimeout(() => workers.kill(), AFTER_GRACE_MS);
    });
    await workers.whenEnded();
    clearTimeout(timer);
    if (failure === undefined) return 0;
    const { code, signal } = failure.ended;
    // A worker that fails in order has said why.
    if (code === 1 && !failure.afterStart) return 1;
    const how = signal ?? `status ${code ?? 'unknown'}`;
    throw new StartError(
      failure.afterStart
        ? `Workers end at once, again and again, the last one with ${how}; the gateway gives up.`
        : `A worker ended with ${how} before the gateway was up.`,
    );
  }
}
