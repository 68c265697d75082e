import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { appendFile, chmod, chown, mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Client } from 'pg';
import { unprivilegedUser, type SystemUser } from '../../src/storage/embedded-postgres/system-user.js';
import { until } from '../support/until.js';

const PROGRAMS = '/usr/lib/postgresql';
const NEEDED = ['initdb', 'postgres', 'pg_basebackup', 'pg_ctl'];
const USER = 'postgres';
const STARTED_WITHIN_MS = 60_000;

/** The machine itself does not die: what PostgreSQL has written survives its processes. */
const SETTINGS = `
listen_addresses = '127.0.0.1'
unix_socket_directories = ''
max_connections = 200
shared_buffers = 32MB
fsync = off
synchronous_commit = on
wal_level = replica
hot_standby = on
max_wal_senders = 8
wal_keep_size = 256MB
`;

/** Where the server programs of PostgreSQL are: `POSTGRES_BIN`, else the newest of Debian; undefined: nowhere. */
export function postgresPrograms(): string | undefined {
  const versions = existsSync(PROGRAMS) ? readdirSync(PROGRAMS) : [];
  const newestFirst = versions
    .sort((a, b) => Number(b) - Number(a))
    .map((name) => join(PROGRAMS, name, 'bin'));
  const named = process.env['POSTGRES_BIN'];
  const places = named === undefined ? newestFirst : [named];
  return places.find((place) => NEEDED.every((program) => existsSync(join(place, program))));
}

/** A PostgreSQL server on a port of its own, which keeps its place when its data is made anew. */
export class PostgresServer {
  private readonly user: SystemUser | undefined = unprivilegedUser('/nonexistent');
  private readonly data: string;
  private postmaster: ChildProcess | undefined;
  private log = '';

  /** @param home a directory that exists */
  constructor(
    private readonly programs: string,
    private readonly home: string,
    readonly port: number,
  ) {
    this.data = join(home, 'data');
  }

  get url(): string {
    return `postgresql://${USER}@127.0.0.1:${this.port}/postgres`;
  }

  async initialise(): Promise<void> {
    await this.makeHome();
    await this.run('initdb', '-D', this.data, '-U', USER, '-A', 'trust', '-E', 'UTF8', '--locale=C', '-N');
    await appendFile(join(this.data, 'postgresql.conf'), `${SETTINGS}port = ${this.port}\n`);
  }

  /** Makes its data anew, as a standby of another server. */
  async follow(primary: PostgresServer): Promise<void> {
    await rm(this.data, { recursive: true, force: true });
    await this.makeHome();
    const from = ['-d', `host=127.0.0.1 port=${primary.port} user=${USER} application_name=standby`];
    await this.run('pg_basebackup', '-D', this.data, ...from, '-X', 'stream', '-R', '-c', 'fast', '-N');
    await appendFile(join(this.data, 'postgresql.conf'), `port = ${this.port}\n`);
  }

  async start(): Promise<void> {
    this.log = '';
    const postmaster = this.spawn('postgres', '-D', this.data);
    this.postmaster = postmaster;
    await until(async () => {
      if (postmaster.exitCode !== null) throw new Error(`PostgreSQL ended:\n${this.log}`);
      return this.query('SELECT 1').then(
        () => true,
        () => false,
      );
    }, STARTED_WITHIN_MS);
  }

  /** As when its machine loses power: no process of it does anything any more. */
  async kill(): Promise<void> {
    const { postmaster } = this;
    if (postmaster?.pid === undefined || postmaster.exitCode !== null || postmaster.signalCode !== null)
      return;
    const gone = once(postmaster, 'exit');
    // No child is made or missed any more.
    process.kill(postmaster.pid, 'SIGSTOP');
    this.signal('SIGKILL');
    await gone;
  }

  /** Nothing of it does anything until `thaw`, and nobody is told. */
  freeze(): void {
    this.signal('SIGSTOP');
  }

  thaw(): void {
    this.signal('SIGCONT');
  }

  promote(): Promise<void> {
    return this.run('pg_ctl', 'promote', '-D', this.data, '-w', '-t', '60');
  }

  /** From now on a commit is acknowledged when a standby has it; resolves when one has all that was committed before. */
  async demandStandby(): Promise<void> {
    await this.query(`ALTER SYSTEM SET synchronous_standby_names = '*'`);
    await this.query('SELECT pg_reload_conf()');
    const [written] = await this.query<{ lsn: string }>('SELECT pg_current_wal_insert_lsn() AS lsn');
    await until(async () => {
      const standbys = await this.query(
        `SELECT FROM pg_stat_replication WHERE sync_state = 'sync' AND flush_lsn >= '${written?.lsn}'`,
      );
      return standbys.length > 0;
    });
  }

  /** Until another standby follows, commits wait for none. */
  async demandNone(): Promise<void> {
    await this.query(`ALTER SYSTEM SET synchronous_standby_names = ''`);
    await this.query('SELECT pg_reload_conf()');
  }

  async query<Row extends object>(text: string): Promise<readonly Row[]> {
    const client = new Client({ connectionString: this.url, query_timeout: 10_000 });
    client.on('error', () => undefined);
    try {
      await client.connect();
      return (await client.query<Row>(text)).rows;
    } finally {
      await client.end();
    }
  }

  private signal(signal: NodeJS.Signals): void {
    const pid = this.postmaster?.pid;
    if (pid === undefined) return;
    for (const each of [...childrenOf(pid), pid]) sent(each, signal);
  }

  private async makeHome(): Promise<void> {
    await mkdir(this.home, { recursive: true });
    if (this.user) await chown(this.home, this.user.uid, this.user.gid);
    await chmod(this.home, 0o700);
  }

  private async run(program: string, ...words: readonly string[]): Promise<void> {
    this.log = '';
    const [status] = (await once(this.spawn(program, ...words), 'close')) as [number | null];
    if (status !== 0) throw new Error(`${program} ended with ${status}:\n${this.log}`);
  }

  private spawn(program: string, ...words: readonly string[]): ChildProcess {
    const child = spawn(join(this.programs, program), words, {
      ...(this.user && { uid: this.user.uid, gid: this.user.gid }),
      cwd: '/',
      env: { LC_ALL: 'C' },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const note = (bytes: Buffer): void => void (this.log = (this.log + bytes.toString()).slice(-4_000));
    child.stdout.on('data', note);
    child.stderr.on('data', note);
    return child;
  }
}

function childrenOf(parent: number): readonly number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((name) => parentOf(name) === parent)
    .map(Number);
}

function parentOf(pid: string): number | undefined {
  try {
    // After the name of the program, which may have any character: the state, and the parent.
    const [, parent] = /\) \S (\d+) [^)]*$/.exec(readFileSync(`/proc/${pid}/stat`, 'utf8')) ?? [];
    return Number(parent);
  } catch {
    return undefined;
  }
}

function sent(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (failure) {
    if ((failure as NodeJS.ErrnoException).code !== 'ESRCH') throw failure;
  }
}
