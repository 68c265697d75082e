import { execFile, spawn } from 'node:child_process';
import { mkdir, readFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { processEnvironment, removeDirectory, scratchDirectory } from '../support/gateway-process.js';
import { oncePerRun } from '../support/once-per-run.js';
import { runDirectory } from '../support/run-directory.js';
import {
  CLIENT_PACKAGES,
  NODE_VERSIONS,
  SET_UP_SCRIPTS,
  type ClientName,
  type NodeMajor,
} from './client-packages.js';

/** For a test that installs or runs a client: a download of up to 400 MB, and programs that are slow to start. */
export const CLIENT_TIMEOUT_MS = 300_000;
const RUN_TIMEOUT_MS = 120_000;

export interface ClientOutput {
  readonly stdout: string;
  readonly stderr: string;
}

/** A client from npm, as it is published, on a Node of its own and with a home directory of its own. */
export class InstalledClient {
  private constructor(
    private readonly packages: string,
    private readonly nodeBinaries: string,
    /** Its home, and where it runs; a test may put configuration there. */
    readonly home: string,
  ) {}

  /** Installs it once a run of tests. To be ended by `remove`. */
  static async install(name: ClientName, major: NodeMajor = 24): Promise<InstalledClient> {
    const [packages, nodeBinaries] = await Promise.all([
      installed(`client-${name}`, CLIENT_PACKAGES[name], SET_UP_SCRIPTS[name]),
      nodeOf(major),
    ]);
    return new InstalledClient(packages, nodeBinaries, await scratchDirectory());
  }

  /**
   * Runs one of its programs to the end, and then ends what it has left running. It knows nothing of this machine's
   * environment but where programs are.
   *
   * @throws with all that it has said when it fails or takes longer than two minutes
   */
  async run(
    program: string,
    words: readonly string[],
    environment: Readonly<Record<string, string>> = {},
  ): Promise<ClientOutput> {
    return runToEnd(join(this.packages, 'node_modules', '.bin', program), words, {
      cwd: this.home,
      env: this.environment(environment),
    });
  }

  /** Runs a file as an ES module that imports its packages, and gives what the module prints as JSON. */
  async runModule(file: string, environment: Readonly<Record<string, string>> = {}): Promise<unknown> {
    const source = await readFile(file, 'utf8');
    const { stdout } = await runToEnd(
      join(this.nodeBinaries, 'node'),
      ['--input-type=module', '--eval', source],
      { cwd: this.packages, env: this.environment(environment) },
    );
    return JSON.parse(stdout) as unknown;
  }

  async remove(): Promise<void> {
    await removeDirectory(this.home);
  }

  private environment(given: Readonly<Record<string, string>>): Record<string, string> {
    const { PATH = '', ...rest } = processEnvironment(given);
    return { ...rest, PATH: [this.nodeBinaries, PATH].join(delimiter), HOME: this.home, CI: '1' };
  }
}

/** Directory of the executable `node` of this major. */
export async function nodeOf(major: NodeMajor): Promise<string> {
  const name = `node-${process.platform}-${process.arch}`;
  const directory = await installed(`node-${major}`, [`${name}@${NODE_VERSIONS[major]}`]);
  return join(directory, 'node_modules', name, 'bin');
}

function installed(name: string, packages: readonly string[], script?: string): Promise<string> {
  return oncePerRun(name, async () => {
    const directory = join(runDirectory(), name);
    await mkdir(directory);
    await promisify(execFile)(
      'npm',
      ['install', '--prefix', directory, '--no-save', '--no-audit', '--no-fund', ...packages],
      { cwd: directory },
    );
    if (script !== undefined) await promisify(execFile)(process.execPath, [script], { cwd: directory });
    return directory;
  });
}

async function runToEnd(
  program: string,
  words: readonly string[],
  where: { readonly cwd: string; readonly env: Record<string, string> },
): Promise<ClientOutput> {
  const child = spawn(program, words, { ...where, stdio: ['ignore', 'pipe', 'pipe'], detached: true });
  const endGroup = (): void => {
    try {
      if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
    } catch {
      // Nobody is left in its process group.
    }
  };
  const timer = setTimeout(endGroup, RUN_TIMEOUT_MS);
  const ended = new Promise<string>((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (status, signal) => {
      clearTimeout(timer);
      endGroup();
      resolve(String(status ?? signal));
    });
  });
  const [how, stdout, stderr] = await Promise.all([ended, text(child.stdout), text(child.stderr)]);
  if (how !== '0') throw new Error(`${program} ended with ${how}:\n${stdout}\n${stderr}`);
  return { stdout, stderr };
}
