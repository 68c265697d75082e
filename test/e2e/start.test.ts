import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { GatewayProcess, removeDirectory, scratchDirectory } from '../support/gateway-process.js';
import { framesOf } from '../support/sse-frames.js';
import { until } from '../support/until.js';

const directories: string[] = [];

async function freshDirectory(): Promise<string> {
  const directory = await scratchDirectory();
  directories.push(directory);
  return directory;
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

afterAll(async () => {
  await GatewayProcess.endAll();
  await Promise.all(directories.map(removeDirectory));
});

/** The words of a line as a POSIX shell splits them; quotes of both kinds, no expansion but of `$NAME`. */
function shellWords(line: string, variables: Readonly<Record<string, string>> = {}): string[] {
  const expand = (text: string): string =>
    text.replaceAll(/\$([A-Z_]+)/g, (_all, name: string) => variables[name] ?? '');
  return [...line.trim().matchAll(/(?:"[^"]*"|'[^']*'|[^\s"'])+/g)].map(([word]) =>
    word.replaceAll(/"([^"]*)"|'([^']*)'/g, (_all, double?: string, single?: string) =>
      double === undefined ? (single ?? '') : expand(double),
    ),
  );
}

/** Sends what a printed curl line would send. */
async function run(line: string, variables?: Readonly<Record<string, string>>): Promise<string> {
  const [program, ...words] = shellWords(line, variables);
  expect(program).toBe('curl');
  const after = (option: string): string => words[words.indexOf(option) + 1] ?? '';
  const [name = '', value = ''] = after('-H').split(': ');
  const response = await fetch(words.find((word) => word.startsWith('http')) ?? '', {
    method: 'POST',
    headers: { [name]: value },
    body: after('-d'),
  });
  expect(response.status).toBe(200);
  return response.text();
}

function curlLines(stdout: string): string[] {
  return stdout.split('\n').filter((line) => line.startsWith('  curl -N'));
}

function expectReceiptedStream(text: string): void {
  const frames = framesOf(text);
  expect(frames.at(-1)?.data).toBe('[DONE]');
  expect(frames.at(-2)).toMatchObject({ event: 'compose.receipt', data: { type: 'compose.receipt' } });
}

describe('a gateway that is started with nothing configured', () => {
  let directory: string;
  let port: number;
  let first: string;
  let key: string;

  beforeAll(async () => {
    directory = await freshDirectory();
    port = await freePort();
    const gateway = await GatewayProcess.start({ directory, environment: { PORT: String(port) } });
    first = gateway.stdout;
    key = /^ {2}(compose-\S+)$/m.exec(first)?.[1] ?? '';
    for (const [index, line] of curlLines(first).entries()) {
      const text = await run(line);
      if (index === 0) expectReceiptedStream(text);
      else expect(JSON.parse(text)).toMatchObject({ object: 'chat.completion' });
      const byCurl = await curl(line);
      if (index === 0 && byCurl !== undefined) expectReceiptedStream(byCurl);
    }
    await gateway.stop();
  });
  afterEach(() => GatewayProcess.endAll());

  /** The line as a shell runs it, where curl is installed. */
  async function curl(line: string): Promise<string | undefined> {
    const found = await promisify(execFile)('curl', ['--version']).catch(() => undefined);
    if (!found) return undefined;
    return (await promisify(execFile)('sh', ['-c', line])).stdout;
  }

  it('prints its address, a first key with its budget, its database, and two lines that can be pasted', () => {
    expect(first).toContain(`Slipstream is listening on http://127.0.0.1:${port}`);
    expect(key).toMatch(/^compose-[A-Za-z0-9_-]{43}$/);
    expect(first).toContain('budget 10 USDC');
    expect(first).toMatch(/psql "postgresql:\/\/gateway:\S+@127\.0\.0\.1:\d+\/gateway"/);
    expect(curlLines(first)).toHaveLength(2);
    expect(curlLines(first)[0]).toContain('/v1/chat/completions');
    expect(curlLines(first)[1]).toContain('/external/v1/chat/completions');
  });

  it('starts again with its data, and shows the key no more', async () => {
    const gateway = await GatewayProcess.start({ directory, environment: { PORT: String(port) } });
    expect(gateway.stdout).not.toContain('compose-');
    expect(gateway.stdout).toContain('/admin/keys');
    const [native = ''] = curlLines(gateway.stdout);
    expect(native).toContain('Bearer $COMPOSE_KEY');
    expectReceiptedStream(await run(native, { COMPOSE_KEY: key }));
    const token = (await readFile(join(directory, 'data', 'admin-token'), 'utf8')).trim();
    const listed = await fetch(`${gateway.url}/admin/keys`, {
      headers: { authorization: `Bearer ${token}` },
    });
    const { data } = (await listed.json()) as { data: { budget_spent: string }[] };
    expect(data).toHaveLength(1);
    expect(Number(data[0]?.budget_spent)).toBeGreaterThan(0);
    await gateway.stop();
  });

  it('says in one line that its port is taken, before it makes a database, and keeps its first key for the next start', async () => {
    const directory = await freshDirectory();
    const squatter = createServer();
    await new Promise<void>((resolve) => squatter.listen(port, '127.0.0.1', resolve));
    try {
      const gateway = await GatewayProcess.spawn({ directory, environment: { PORT: String(port) } });
      expect(await gateway.exited).toBe(1);
      expect(gateway.stderr.trim().split('\n')).toHaveLength(1);
      expect(gateway.stderr).toContain(String(port));
      expect(gateway.stderr).toContain('PORT');
      expect(gateway.stdout).not.toContain('listening');
      expect(existsSync(join(directory, 'data', 'postgres'))).toBe(false);
      expect(existsSync(join(directory, 'data', 'postgres-password'))).toBe(false);
    } finally {
      await new Promise((resolve) => squatter.close(resolve));
    }
    const gateway = await GatewayProcess.start({ directory, environment: { PORT: String(port) } });
    expect(gateway.stdout).toMatch(/^ {2}compose-\S+$/m);
    await gateway.stop();
  });

  it('ends in order when it is told so in the middle of its start', async () => {
    const directory = await freshDirectory();
    const gateway = await GatewayProcess.spawn({ directory, environment: { PORT: '0' } });
    const postmaster = join(directory, 'data', 'postgres', 'postmaster.pid');
    await until(() => existsSync(postmaster) || !gateway.isRunning);
    gateway.signal('SIGTERM');
    expect(await gateway.exited).toBe(0);
    expect(existsSync(postmaster)).toBe(false);
    expect(existsSync(join(directory, 'data', 'gateway.lock'))).toBe(false);
  });

  it('loads nothing that only some gateways need', async () => {
    const loaded = join(directory, 'loaded');
    const gateway = await GatewayProcess.start({
      directory,
      environment: { PORT: '0', NODE_V8_COVERAGE: loaded },
    });
    await gateway.stop();
    const [file = ''] = await readdir(loaded);
    const { result } = JSON.parse(await readFile(join(loaded, file), 'utf8')) as {
      result: { url: string }[];
    };
    const urls = result.map(({ url }) => url);
    expect(urls.some((url) => url.includes('/node_modules/@nestjs/core/'))).toBe(true);
    const optional =
      /node_modules\/(@prisma|gpt-tokenizer|libphonenumber-js|pino-pretty|undici\/lib\/(mock|web\/fetch\/index)|viem\/_esm\/(clients|chains)|@x402\/evm)/;
    expect(urls.filter((url) => optional.test(url))).toEqual([]);
  });

  it('says in one line that another gateway uses its data', async () => {
    const environment = { PORT: '0' };
    const gateway = await GatewayProcess.start({ directory, environment });
    const second = await GatewayProcess.spawn({ directory, environment });
    expect(await second.exited).toBe(1);
    expect(second.stderr.trim()).toMatch(/^another gateway \(pid \d+\) is already using [^\n]+$/i);
    await gateway.stop();
  });
});

describe('a gateway that cannot start', () => {
  it('names every mistake of its configuration at once, and does nothing', async () => {
    const directory = await freshDirectory();
    await writeFile(join(directory, 'gateway.yaml'), 'models:\n  - id: a\nproviders: []\nbananas: 1\n');
    const gateway = await GatewayProcess.spawn({
      directory,
      environment: { PORT: 'eighty', DATABASE_URL: 'mysql://localhost/x', LOG_LEVEL: 'loud' },
    });
    expect(await gateway.exited).toBe(1);
    for (const mistake of ['PORT', 'DATABASE_URL', 'LOG_LEVEL', 'bananas', 'models[0]'])
      expect(gateway.stderr).toContain(mistake);
    expect(gateway.stderr).not.toMatch(/^\s+at /m);
    expect(gateway.stdout).toBe('');
    expect(existsSync(join(directory, 'data'))).toBe(false);
  });

  it('says in one line that its database does not answer, without the password', async () => {
    const gateway = await GatewayProcess.spawn({
      directory: await freshDirectory(),
      environment: {
        DATABASE_URL: `postgresql://user:hidden@127.0.0.1:${await freePort()}/gateway`,
        PORT: '0',
        LOG_LEVEL: 'silent',
      },
    });
    expect(await gateway.exited).toBe(1);
    expect(gateway.stderr.trim().split('\n')).toHaveLength(1);
    expect(gateway.stderr).toContain('DATABASE_URL');
    expect(gateway.stderr).not.toContain('hidden');
  });
});
