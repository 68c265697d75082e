import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  GatewayProcess,
  scratchDirectory,
  testEnvironment,
  removeDirectory,
} from '../support/gateway-process.js';
import { until } from '../support/until.js';
import { isAlive, workersOf } from '../support/worker-line.js';
import { freePort, haProxy, pgBouncer, Daemon } from './daemons.js';

/** What may be done to a fleet, and how often of ten times. */
const WAYS = {
  worker: 5,
  replica: 2,
  restart: 1,
  pooler: 2,
} as const;
export type Way = keyof typeof WAYS;

export interface FleetOptions {
  readonly databaseUrl: string;
  readonly workers: number;
  readonly file: object;
  readonly environment: Readonly<Record<string, string>>;
}

/** Two replicas with workers, behind HAProxy, on a database behind PgBouncer. */
export class Fleet {
  private static readonly directories: string[] = [];
  readonly killed: Record<Way, number> = { worker: 0, replica: 0, restart: 0, pooler: 0 };

  private constructor(
    private readonly pooler: Daemon,
    private readonly balancer: Daemon,
    readonly replicas: readonly [FixedReplica, FixedReplica],
  ) {}

  static async start({ databaseUrl, workers, file, environment }: FleetOptions): Promise<Fleet> {
    const directory = await scratchDirectory();
    Fleet.directories.push(directory);
    const pooler = await pgBouncer(databaseUrl, directory);
    await pooler.start();
    const pooledUrl = new URL(databaseUrl);
    pooledUrl.port = String(pooler.port);
    pooledUrl.pathname = '/slipstream';
    const settings = { WORKERS: String(workers), SHUTDOWN_GRACE_MS: '3000', ...environment };
    const replica = async (name: string): Promise<FixedReplica> => {
      const own = join(directory, name);
      await mkdir(own);
      const port = await freePort();
      return new FixedReplica(
        own,
        testEnvironment(pooledUrl.href, { ...settings, PORT: String(port) }),
        file,
      );
    };
    const replicas = [await replica('one'), await replica('two')] as const;
    const balancer = await haProxy(
      replicas.map(({ port }) => port),
      directory,
    );
    await Promise.all([balancer.start(), ...replicas.map((one) => one.start())]);
    return new Fleet(pooler, balancer, replicas);
  }

  /** Where clients call. */
  get url(): string {
    return `http://127.0.0.1:${this.balancer.port}`;
  }

  /** Kills something at random, and sees to it that it comes again. */
  async strike(): Promise<void> {
    const way = randomWay();
    const replica = this.replicas[Math.floor(Math.random() * 2)]!;
    this.killed[way] += 1;
    if (way === 'worker') return replica.killWorker();
    if (way === 'pooler') {
      await this.pooler.kill();
      await sleep(Math.random() * 2_000);
      return this.pooler.start();
    }
    await (way === 'replica' ? replica.kill() : replica.end());
    await sleep(Math.random() * 1_000);
    await replica.start();
  }

  /** Waits until all workers of all replicas serve. */
  async whole(): Promise<void> {
    for (const replica of this.replicas) await until(() => replica.allServe());
  }

  /** Ends the replicas in order. */
  async end(): Promise<void> {
    await Promise.all(this.replicas.map((replica) => replica.end()));
  }

  /** Ends all processes, also those of a fleet that did not start whole. */
  static async endAll(): Promise<void> {
    await GatewayProcess.endAll();
    await Daemon.endAll();
    for (const directory of Fleet.directories.splice(0)) await removeDirectory(directory);
  }
}

/** A replica at one port, whatever process runs there. */
class FixedReplica {
  process: GatewayProcess | undefined;
  /** What all its processes have said. */
  private earlier = '';

  constructor(
    private readonly directory: string,
    private readonly environment: Readonly<Record<string, string>>,
    private readonly file: object,
  ) {}

  get port(): number {
    return Number(this.environment['PORT']);
  }

  get log(): string {
    return `${this.earlier}${this.process?.stdout ?? ''}${this.process?.stderr ?? ''}`;
  }

  async start(): Promise<void> {
    this.earlier = this.log;
    const { directory, environment, file } = this;
    this.process = await GatewayProcess.start({ directory, environment, file });
  }

  async killWorker(): Promise<void> {
    const workers = await workersOf(this.process!);
    const doomed = workers[Math.floor(Math.random() * workers.length)];
    if (doomed === undefined) return;
    process.kill(doomed, 'SIGKILL');
    await until(() => !isAlive(doomed));
  }

  /** The primary and all workers at once, as when the machine loses its power. */
  async kill(): Promise<void> {
    const workers = await workersOf(this.process!);
    await this.process!.kill();
    for (const worker of workers.filter(isAlive)) process.kill(worker, 'SIGKILL');
    await until(() => !workers.some(isAlive));
  }

  end(): Promise<void> {
    return this.process!.stop();
  }

  async allServe(): Promise<boolean> {
    const metrics = await fetch(`http://127.0.0.1:${this.port}/metrics`).then(
      (response) => response.text(),
      () => '',
    );
    const workers = this.environment['WORKERS'];
    return workers === '1' || metrics.includes(`slipstream_workers{state="serving"} ${workers}`);
  }
}

function randomWay(): Way {
  const ways = Object.entries(WAYS).flatMap(([way, times]) => Array<Way>(times).fill(way as Way));
  return ways[Math.floor(Math.random() * ways.length)]!;
}
