import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { connect, createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { unprivilegedUser } from '../../src/storage/embedded-postgres/system-user.js';
import { codeBlocks, page } from '../docs/markdown.js';
import { processEnvironment } from '../support/gateway-process.js';
import { until } from '../support/until.js';

/** Where Debian keeps what is no command for people. */
const PATH = `${process.env['PATH'] ?? ''}:/usr/sbin`;

/** Those of the programs that are not installed. */
export async function missingPrograms(...programs: readonly string[]): Promise<readonly string[]> {
  const found = await Promise.all(
    programs.map((program) =>
      promisify(execFile)(program, ['--version'], { env: { PATH } }).then(
        () => true,
        (failure: unknown) => (failure as NodeJS.ErrnoException).code !== 'ENOENT',
      ),
    ),
  );
  return programs.filter((_, index) => !found[index]);
}

/** A server in front of the gateway or behind it, at one port for all its lives. */
export class Daemon {
  private static readonly started = new Set<Daemon>();
  private said = '';
  private child: ChildProcess | undefined;

  constructor(
    private readonly command: readonly [program: string, ...words: string[]],
    readonly port: number,
  ) {}

  static async endAll(): Promise<void> {
    await Promise.all([...Daemon.started].map((daemon) => daemon.kill()));
    Daemon.started.clear();
  }

  async start(): Promise<void> {
    Daemon.started.add(this);
    const [program, ...words] = this.command;
    const user = unprivilegedUser('');
    const child = spawn(program, words, {
      env: { ...processEnvironment(), PATH },
      stdio: ['ignore', 'pipe', 'pipe'],
      ...(user && { uid: user.uid, gid: user.gid }),
    });
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (bytes: Buffer) => (this.said = `${this.said}${bytes.toString()}`.slice(-4_000)));
    }
    this.child = child;
    await until(async () => {
      if (child.exitCode !== null) throw new Error(`${program} has ended: ${this.said}`);
      return isOpen(this.port);
    });
  }

  async kill(): Promise<void> {
    const { child } = this;
    if (child?.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'close');
    child.kill('SIGKILL');
    await ended;
  }
}

/** PgBouncer in front of a database, set up as the documentation says. */
export async function pgBouncer(databaseUrl: string, directory: string): Promise<Daemon> {
  const { hostname, port, pathname, username, password } = new URL(databaseUrl);
  const ownPort = await freePort();
  const target = [
    ...[`host=${hostname}`, `port=${port}`, `dbname=${pathname.slice(1)}`],
    ...[`user=${username}`, `password=${decodeURIComponent(password)}`],
  ].join(' ');
  const settings = documented('ini', [
    [/host=.* dbname=slipstream/, target],
    [/^listen_port = .*$/m, `listen_addr = 127.0.0.1\nlisten_port = ${ownPort}\nunix_socket_dir =`],
    // It lets everybody in, since it says itself who it is at the database.
    [/^auth_type = .*\nauth_file = .*$/m, 'auth_type = any'],
  ]);
  const file = join(directory, 'pgbouncer.ini');
  await writeFile(file, settings);
  return new Daemon(['pgbouncer', file], ownPort);
}

/** HAProxy in front of replicas at these ports, set up as the documentation says. */
export async function haProxy(ports: readonly number[], directory: string): Promise<Daemon> {
  const ownPort = await freePort();
  const servers = ports.map((port, index) => `    server replica${index} 127.0.0.1:${port}`);
  const settings = documented('haproxy', [
    [/bind .*$/m, `bind 127.0.0.1:${ownPort}`],
    [/(^ +server .*\n)+/m, `${servers.join('\n')}\n`],
  ]);
  const file = join(directory, 'haproxy.cfg');
  await writeFile(file, settings);
  return new Daemon(['haproxy', '-db', '-f', file], ownPort);
}

/** The block of a language on the page about deploying, with what depends on the machine replaced. */
function documented(language: string, changes: readonly (readonly [RegExp, string])[]): string {
  const [block = ''] = codeBlocks(page('docs/deploy.md'), language);
  return changes.reduce((text, [pattern, replacement]) => {
    if (!pattern.test(text))
      throw new Error(`The ${language} block of docs/deploy.md lacks ${String(pattern)}`);
    return text.replace(pattern, () => replacement);
  }, block);
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  await promisify(server.close.bind(server))();
  return port;
}

function isOpen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => resolve(true));
    socket.once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}
