import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { stringify } from 'yaml';
import { compileProject } from './compiled.js';
import { GatewayClient } from './gateway-client.js';
import { ADMIN_TOKEN } from './gateway.js';

const LISTENING = /Slipstream is listening on (\S+)/;

export interface ProcessOptions {
  /** Where it runs and keeps its data; see `scratchDirectory`. */
  readonly directory: string;
  readonly environment?: Readonly<Record<string, string>>;
  /** Written to gateway.yaml before the start. */
  readonly file?: object;
  /** Words before the path of main.js, such as options of node. */
  readonly nodeOptions?: readonly string[];
  /** Path of another Node than the one that runs the tests. */
  readonly node?: string;
  /** A program of the project, with its words, in place of main.js. */
  readonly program?: readonly [path: string, ...words: string[]];
}

/** A directory that the database's user can enter too, when root runs the tests. */
export async function scratchDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'slipstream-process-'));
  await chmod(directory, 0o755);
  return directory;
}

/** The compiled gateway as a process of its own. What is started here is to be ended by `endAll`. */
export class GatewayProcess {
  private static readonly started = new Set<GatewayProcess>();
  stdout = '';
  stderr = '';
  readonly exited: Promise<number | NodeJS.Signals>;

  constructor(
    readonly child: ChildProcess,
    private readonly isGroup = false,
  ) {
    child.stdout?.on('data', (bytes: Buffer) => (this.stdout += bytes.toString()));
    child.stderr?.on('data', (bytes: Buffer) => (this.stderr += bytes.toString()));
    this.exited = once(child, 'close').then(
      ([status, signal]) => (status ?? signal) as number | NodeJS.Signals,
    );
    GatewayProcess.started.add(this);
  }

  /** Started, but not necessarily listening. */
  static async spawn({
    directory,
    environment,
    file,
    nodeOptions = [],
    node = process.execPath,
    program,
  }: ProcessOptions) {
    if (file) await writeFile(join(directory, 'gateway.yaml'), stringify(file));
    const [path, ...words] = program ?? [join(await compileProject(), 'main.js')];
    const child = spawn(node, [...nodeOptions, '--enable-source-maps', resolve(path), ...words], {
      cwd: directory,
      env: processEnvironment(environment),
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    return new GatewayProcess(child);
  }

  static async start(options: ProcessOptions): Promise<GatewayProcess> {
    const gateway = await GatewayProcess.spawn(options);
    await gateway.listening();
    return gateway;
  }

  /** By `npm start`, in a process group of its own, as a terminal does it. */
  static async startByNpm({ directory, environment, file }: ProcessOptions): Promise<GatewayProcess> {
    if (file) await writeFile(join(directory, 'gateway.yaml'), stringify(file));
    const main = join(await compileProject(), 'main.js');
    const manifest = { name: 'started', version: '1.0.0', scripts: { start: `node ${main}` } };
    await writeFile(join(directory, 'package.json'), JSON.stringify(manifest));
    const child = spawn('npm', ['start'], {
      cwd: directory,
      env: processEnvironment(environment),
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    });
    const gateway = new GatewayProcess(child, true);
    await gateway.listening();
    return gateway;
  }

  /** Kills what a failed test has left. */
  static async endAll(): Promise<void> {
    for (const gateway of GatewayProcess.started) {
      if (gateway.isRunning) gateway.signal('SIGKILL');
      await gateway.exited;
    }
    GatewayProcess.started.clear();
  }

  static get isAnyRunning(): boolean {
    return [...GatewayProcess.started].some(({ isRunning }) => isRunning);
  }

  get pid(): number {
    return this.child.pid ?? 0;
  }

  get isRunning(): boolean {
    return this.child.exitCode === null && this.child.signalCode === null;
  }

  get url(): string {
    const [, url] = LISTENING.exec(this.stdout) ?? [];
    if (url === undefined) throw new Error(`The gateway does not listen:\n${this.stdout}\n${this.stderr}`);
    return url;
  }

  get client(): GatewayClient {
    return new GatewayClient(this.url);
  }

  /** To the whole process group, where it has one of its own. */
  signal(signal: NodeJS.Signals): void {
    process.kill(this.isGroup ? -this.pid : this.pid, signal);
  }

  async kill(): Promise<void> {
    this.signal('SIGKILL');
    await this.exited;
  }

  /** A clean end. */
  async stop(): Promise<void> {
    this.signal('SIGTERM');
    const status = await this.exited;
    if (status !== 0) throw new Error(`The gateway ended with ${status}:\n${this.stdout}\n${this.stderr}`);
  }

  private async listening(): Promise<void> {
    const ended = this.exited.then(() => 'ended');
    while (!LISTENING.test(this.stdout)) {
      const heard = await Promise.race([once(this.child.stdout!, 'data'), ended]);
      if (heard === 'ended') throw new Error(`The gateway did not start:\n${this.stdout}\n${this.stderr}`);
    }
  }
}

/** Nothing of the machine's own settings but where programs are. */
export function processEnvironment(given: Readonly<Record<string, string>> = {}): Record<string, string> {
  return {
    PATH: process.env['PATH'] ?? '',
    HOME: process.env['HOME'] ?? tmpdir(),
    ...given,
  };
}

/** For tests that use a database of their own; the log says what went wrong and no more. */
export function testEnvironment(
  databaseUrl: string,
  more: Readonly<Record<string, string>> = {},
): Record<string, string> {
  return {
    DATABASE_URL: databaseUrl,
    PORT: '0',
    ADMIN_TOKEN,
    LOG_LEVEL: 'warn',
    BUDGET_WAIT_MS: '0',
    ...more,
  };
}

export async function removeDirectory(directory: string): Promise<void> {
  await rm(directory, { recursive: true, force: true });
}
