import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { startDatabase } from '../../../src/storage/start-database.js';
import { compileProject } from '../../support/compiled.js';
import { until } from '../../support/until.js';
import { query, Scratch } from './scratch.js';

const READ = 'SELECT value FROM kept';

describe('the embedded PostgreSQL', () => {
  let scratch: Scratch;
  let dataDir: string;

  beforeEach(async () => {
    scratch = new Scratch();
    dataDir = await scratch.directory();
  });

  afterEach(() => scratch.clear());

  const postmasterPid = () =>
    Number(readFileSync(join(dataDir, 'postgres', 'postmaster.pid'), 'utf8').split('\n')[0]);

  async function write(url: string): Promise<void> {
    await query(url, `CREATE TABLE kept AS SELECT 'here' AS value`);
  }

  it('keeps its data, its password and its port over a stop and a start', async () => {
    const first = await startDatabase({ url: undefined, dataDir, log: scratch.log });
    expect(first.embedded).toBe(true);
    await write(first.url);
    await first.stop();
    await expect(query(first.url, READ)).rejects.toThrow('ECONNREFUSED');
    const second = await startDatabase({ url: undefined, dataDir, log: scratch.log });
    expect(await query(second.url, READ)).toEqual([{ value: 'here' }]);
    expect(second.url).toBe(first.url);
    await second.stop();
    expect(existsSync(join(dataDir, 'gateway.lock'))).toBe(false);
  });

  it('is durable, listens on the loopback address alone and lets nobody in without the password', async () => {
    const database = await startDatabase({ url: undefined, dataDir, log: scratch.log });
    try {
      const setting = async (name: string) => ((await query(database.url, `SHOW ${name}`)) as [object])[0];
      expect(await setting('fsync')).toEqual({ fsync: 'on' });
      expect(await setting('synchronous_commit')).toEqual({ synchronous_commit: 'on' });
      expect(await setting('full_page_writes')).toEqual({ full_page_writes: 'on' });
      expect(await setting('listen_addresses')).toEqual({ listen_addresses: '127.0.0.1' });
      expect(await setting('unix_socket_directories')).toEqual({ unix_socket_directories: '' });
      const wrong = new URL(database.url);
      wrong.password = 'wrong';
      await expect(query(wrong.href, 'SELECT 1')).rejects.toThrow('password authentication failed');
      expect(statSync(join(dataDir, 'postgres-password')).mode & 0o777).toBe(0o600);
      expect(statSync(join(dataDir, 'postgres')).mode & 0o777).toBe(0o700);
    } finally {
      await database.stop();
    }
  });

  it('takes as many connections as its workers may open, where these are more than its file says', async () => {
    const shown = async (workers: number): Promise<unknown> => {
      const database = await startDatabase({ url: undefined, dataDir, workers, log: scratch.log });
      const rows = await query(database.url, 'SHOW max_connections');
      await database.stop();
      return rows;
    };
    expect(await shown(32)).toEqual([{ max_connections: '170' }]);
    expect(await shown(4)).toEqual([{ max_connections: '100' }]);
  });

  it('outlives a gateway whose process group is killed, and is taken over by the next one', async () => {
    const gateway = await startGatewayLikeProcess(dataDir);
    await write(gateway.url);
    const pid = postmasterPid();
    process.kill(-gateway.process.pid!, 'SIGKILL');
    await once(gateway.process, 'exit');

    const next = await scratch.start(dataDir);
    expect(postmasterPid()).toBe(pid);
    expect(scratch.info).toEqual([`Took over the running PostgreSQL (pid ${pid}).`]);
    expect(await query(next.url, READ)).toEqual([{ value: 'here' }]);
    await next.stop();
    await expect(query(next.url, READ)).rejects.toThrow('ECONNREFUSED');
  });

  it('starts over the stale postmaster.pid of a PostgreSQL that was killed', async () => {
    const gateway = await startGatewayLikeProcess(dataDir);
    await write(gateway.url);
    await query(gateway.url, 'CHECKPOINT');
    const pid = postmasterPid();
    process.kill(pid, 'SIGKILL');
    process.kill(gateway.process.pid!, 'SIGKILL');
    await once(gateway.process, 'exit');
    expect(postmasterPid()).toBe(pid);

    const next = await scratch.start(dataDir);
    expect(postmasterPid()).not.toBe(pid);
    expect(await query(next.url, READ)).toEqual([{ value: 'here' }]);
  });

  it('is not fooled by a postmaster.pid whose pid is now another program', async () => {
    await (await scratch.start(dataDir)).stop();
    const file = join(dataDir, 'postgres', 'postmaster.pid');
    await writeFile(
      file,
      `${process.pid}\n${join(dataDir, 'postgres')}\n1\n5432\n\n127.0.0.1\n1 1\nready   \n`,
    );
    const next = await scratch.start(dataDir);
    expect(await query(next.url, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
  });

  it('chooses another port when the one of the run before is taken', async () => {
    const first = await scratch.start(dataDir);
    const port = Number(new URL(first.url).port);
    await first.stop();
    const squatter = createServer().listen(port, '127.0.0.1');
    await once(squatter, 'listening');
    try {
      const second = await scratch.start(dataDir);
      expect(Number(new URL(second.url).port)).not.toBe(port);
      expect(await query(second.url, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
    } finally {
      squatter.close();
    }
  });

  it('ends a query that is still running when it is stopped', async () => {
    const server = await scratch.start(dataDir);
    const running = query(server.url, 'SELECT pg_sleep(600)').catch(String);
    await until(async () => {
      const found = await query(
        server.url,
        `SELECT 1 FROM pg_stat_activity WHERE query = 'SELECT pg_sleep(600)'`,
      );
      return found.length === 1;
    });
    await server.stop();
    expect(await running).toMatch(/terminat/);
  });

  it('refuses a second gateway on the same data directory in words and leaves the first alone', async () => {
    const gateway = await startGatewayLikeProcess(dataDir);
    try {
      await expect(scratch.start(dataDir)).rejects.toThrow(
        `another gateway (pid ${gateway.process.pid!}) is already using ${dataDir}`,
      );
      expect(await query(gateway.url, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
    } finally {
      process.kill(gateway.process.pid!, 'SIGKILL');
      await once(gateway.process, 'exit');
      await scratch.start(dataDir);
    }
  });

  it('shows the last lines of the log when the server does not start, and gives the directory back', async () => {
    await expect(scratch.start(dataDir, { settings: { shared_buffers: 'nonsense' } })).rejects.toThrow(
      /did not start: it ended with status 1[^]*invalid value for parameter "shared_buffers"/,
    );
    await scratch.start(dataDir);
  });

  it('does not touch a directory that holds something else', async () => {
    await mkdir(join(dataDir, 'postgres'));
    await writeFile(join(dataDir, 'postgres', 'diary.txt'), 'dear diary');
    await expect(scratch.start(dataDir)).rejects.toThrow('exists and is not a database');
    expect(existsSync(join(dataDir, 'postgres', 'diary.txt'))).toBe(true);
  });

  it('is not started when a server is given', async () => {
    const given = await startDatabase({ url: 'postgresql://elsewhere/db', dataDir, log: scratch.log });
    expect(given).toMatchObject({ url: 'postgresql://elsewhere/db', embedded: false });
    await given.stop();
    expect(existsSync(join(dataDir, 'postgres'))).toBe(false);
  });
});

/** A process that starts the database as the gateway does, in a process group of its own, and then just lives. */
async function startGatewayLikeProcess(dataDir: string): Promise<{ process: ChildProcess; url: string }> {
  const dist = await compileProject();
  const program = `
    import { startDatabase } from ${JSON.stringify(join(dist, 'storage', 'start-database.js'))};
    const log = { info: () => {}, warn: console.error };
    const { url } = await startDatabase({ url: undefined, dataDir: ${JSON.stringify(dataDir)}, log });
    console.log(url);
    setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ['--input-type=module', '--eval', program], {
    detached: true,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const lines = createInterface({ input: child.stdout });
  const [url] = (await Promise.race([
    once(lines, 'line'),
    once(child, 'exit').then(() =>
      Promise.reject(new Error('The process ended before its database was ready.')),
    ),
  ])) as [string];
  lines.close();
  return { process: child, url };
}
