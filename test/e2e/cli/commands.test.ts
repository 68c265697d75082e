import { spawn } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { slipstream, type CommandResult } from '../../support/command-line.js';
import { compileProject } from '../../support/compiled.js';
import { receiptIn } from '../../support/gateway-client.js';
import { GatewayProcess, removeDirectory, scratchDirectory } from '../../support/gateway-process.js';
import { TestGateway } from '../../support/gateway.js';
import { framesOf } from '../../support/sse-frames.js';
import { createEmptyTestDatabase } from '../../support/test-database.js';
import { VideosClient } from '../videos/videos-client.js';

let gateway: TestGateway;
let directory: string;

beforeAll(async () => {
  await compileProject();
  gateway = await TestGateway.start();
  directory = await scratchDirectory();
});
afterAll(async () => {
  await gateway.close();
  await removeDirectory(directory);
});

function run(...words: readonly string[]): Promise<CommandResult> {
  return slipstream(words, { directory, environment: { DATABASE_URL: gateway.database.url } });
}

describe('slipstream keys', () => {
  it('makes a key that works, lists it, and revokes it', async () => {
    const made = await run(
      ...['keys', 'create', '--account', 'shell', '--name', 'first', '--budget-limit', '5000'],
      ...['--allowed-models', 'sandbox/echo,other', '--rate-limit-rpm', '60'],
    );
    expect(made.status).toBe(0);
    expect(made.stdout).toMatch(/^compose-\S+\n$/);
    const key = made.stdout.trim();
    const [id = ''] = /key_\w+/.exec(made.stderr) ?? [];
    expect(made.stderr).toContain('of shell');
    expect((await gateway.chat(key, { model: 'sandbox/echo' })).status).toBe(200);
    expect((await gateway.chat(key, { model: 'sandbox/assistant' })).status).toBe(403);

    await gateway.createKey({ account: 'other' });
    const { spent } = await gateway.keyBudget(id);
    const listed = await run('keys', 'list', '--account', 'shell');
    const [header, row, ...more] = listed.stdout.trimEnd().split('\n');
    expect(header?.split(/ {2,}/)).toEqual([
      'id',
      'account',
      'name',
      'state',
      'spent',
      'held',
      'limit',
      'last used',
    ]);
    expect(row?.split(/ {2,}/).slice(0, 7)).toEqual([
      id,
      'shell',
      'first',
      'live',
      `0.${String(spent).padStart(6, '0')}`.replace(/0+$/, ''),
      '0',
      '0.005',
    ]);
    expect(more).toEqual([]);
    expect((await run('keys', 'list')).stdout).toContain('other');

    expect((await run('keys', 'revoke', id)).stdout).toContain(`${id} of shell is revoked`);
    expect((await gateway.chat(key, { model: 'sandbox/echo' })).status).toBe(401);
    expect((await run('keys', 'list', '--account', 'shell')).stdout).toContain('revoked');
  });

  it('changes a key, and removes what limits it', async () => {
    const made = await run('keys', 'create', '--account', 'changed', '--allowed-models', 'other');
    const key = made.stdout.trim();
    const [id = ''] = /key_\w+/.exec(made.stderr) ?? [];
    const updated = await run(
      'keys',
      'update',
      id,
      '--budget',
      '2.5',
      '--name',
      'second',
      '--allowed-models',
      'none',
    );
    expect(updated.stdout).toMatch(/second +live +\S+ +0 +2\.5 /);
    expect((await gateway.chat(key, { model: 'sandbox/assistant' })).status).toBe(200);
    await run('keys', 'update', id, '--budget', 'none', '--rate-limit-rpm', '1');
    expect((await run('keys', 'list', '--account', 'changed')).stdout).toMatch(/second +live +\S+ +0 +none /);
  });

  it.each<[string[], string]>([
    [['keys', 'create'], '--account must be 1 to 128'],
    [['keys', 'create', '--account', 'a', '--budget-limit', '1.5'], '--budget-limit must be atomic USDC'],
    [['keys', 'create', '--account', 'a', '--rate-limit-rpm', 'many'], '--rate-limit-rpm must'],
    [['keys', 'create', '--account', 'a', '--colour', 'red'], '--colour'],
    [['keys', 'revoke'], 'Something is missing'],
    [['keys', 'list', 'all'], '`all` is one word too many'],
    [['keys', 'burn'], 'not `burn`'],
    [['keys', 'create', '--account', 'a', '--budget', '1.0000005'], '--budget must be an amount in USD'],
    [['keys', 'create', '--account', 'a', '--budget', 'lots'], '--budget must be an amount in USD'],
    [['keys', 'create', '--account', 'a', '--budget', '1', '--budget-limit', '1'], 'say the same'],
    [['keys', 'update', 'key_a'], 'What is to change?'],
    [['keys', 'update', '--budget', '1'], 'Something is missing'],
    [['keys', 'update', 'key_a', '--rate-limit-rpm', '0'], '--rate-limit-rpm must'],
  ])('refuses %j with its usage', async (words, message) => {
    const { status, stdout, stderr } = await run(...words);
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toContain(message);
    expect(stderr).toContain('npm run slipstream -- keys create|list|update|revoke');
  });

  it('says what is not there or not configured', async () => {
    expect(await run('keys', 'update', 'key_nothing', '--budget', '1')).toMatchObject({
      status: 2,
      stderr: expect.stringContaining('There is no key key_nothing') as unknown,
    });
    expect(await run('keys', 'revoke', 'key_nothing')).toMatchObject({
      status: 2,
      stderr: expect.stringContaining('There is no key key_nothing') as unknown,
    });
    expect(await run('keys', 'create', '--account', 'a', '--chain-id', '1')).toMatchObject({
      status: 2,
      stderr: expect.stringContaining('Configured: 43113') as unknown,
    });
  });
});

describe('slipstream receipt', () => {
  it('prints the receipt that the client got', async () => {
    const { key } = await gateway.createKey();
    const answer = await gateway.chat(key, { model: 'sandbox/echo', stream: true });
    const receipt = receiptIn(framesOf(await answer.text()));
    const printed = await run('receipt', receipt?.id ?? '');
    expect(printed).toMatchObject({ status: 0, stderr: '' });
    expect(JSON.parse(printed.stdout)).toEqual(receipt);
    expect(await run('receipt', 'rct_nothing')).toMatchObject({ status: 2, stdout: '' });
  });
});

describe('slipstream purge', () => {
  it('removes what is older than the retention, and says how much', async () => {
    const { key } = await gateway.createKey({ account: 'purged' });
    for (const input of ['old', 'new']) {
      await fetch(`${gateway.url}/v1/responses`, {
        method: 'POST',
        headers: { authorization: `Bearer ${key}` },
        body: JSON.stringify({ model: 'sandbox/echo', input, metadata: { age: input } }),
      });
    }
    await gateway.pool.query(
      `UPDATE responses SET last_used_at = now() - interval '31 days' WHERE envelope ->> 'metadata' LIKE '%old%'`,
    );
    const videos = new VideosClient(gateway.url, key);
    for (const days of [31, 29]) {
      const { id } = await videos.made({ model: 'sandbox/video:seconds=0' });
      await videos.ended(id);
      const sql = 'UPDATE videos SET finished_at = now() - make_interval(days => $2) WHERE id = $1';
      await gateway.pool.query(sql, [id, days]);
    }
    const { status, stdout } = await run('purge');
    expect(status).toBe(0);
    expect(stdout).toMatch(
      /^Removed what was not used for 30 days: 1 responses, 0 conversations, 1 videos, 0 logged events\.\n$/,
    );
    const left = `SELECT 1 FROM responses WHERE account_id = 'purged' UNION ALL SELECT 2 FROM videos`;
    expect((await gateway.pool.query(left)).rows).toHaveLength(2);
  });
});

describe('slipstream', () => {
  it('describes its commands when asked, and when there is none of that name', async () => {
    const asked = await run('--help');
    expect(asked.status).toBe(0);
    for (const name of ['keys', 'receipt', 'purge', 'check-books', 'verify'])
      expect(asked.stdout).toMatch(new RegExp(`^npm run slipstream -- ${name}( |$)`, 'm'));
    expect(asked.stdout).not.toMatch(/ $/m);
    expect(await run('keys', '--help')).toMatchObject({
      status: 0,
      stdout: expect.stringContaining('--budget-limit') as unknown,
    });
    const unknown = await run('burn');
    expect(unknown).toMatchObject({ status: 2, stdout: '' });
    expect(unknown.stderr).toMatch(/\nThere is no command `burn`\.\n$/);
    const { version } = JSON.parse(await readFile('package.json', 'utf8')) as { version: string };
    expect(await run('--version')).toMatchObject({ status: 0, stdout: `${version}\n` });
  });

  it('ends quietly when nobody reads on', async () => {
    const program = join(await compileProject(), 'app', 'cli', 'slipstream.js');
    const child = spawn(process.execPath, [program, '--help'], { stdio: ['ignore', 'pipe', 'pipe'] });
    child.stdout.destroy();
    expect(await text(child.stderr)).toBe('');
  });

  it('finds the embedded database of a running gateway, and makes nothing where none runs', async () => {
    const elsewhere = await scratchDirectory();
    try {
      const before = await slipstream(['keys', 'list'], { directory: elsewhere });
      expect(before).toMatchObject({ status: 2, stdout: '' });
      expect(before.stderr).toContain(`No gateway is running on ${elsewhere}/data`);
      expect(await readdir(elsewhere)).toEqual([]);

      const embedded = await GatewayProcess.start({ directory: elsewhere, environment: { PORT: '0' } });
      const listed = await slipstream(['keys', 'list'], { directory: elsewhere });
      expect(listed.stdout).toContain('first key');
      expect((await slipstream(['check-books'], { directory: elsewhere })).status).toBe(0);
      await embedded.stop();
      expect((await slipstream(['keys', 'list'], { directory: elsewhere })).stderr).toContain(
        'No gateway is running',
      );
    } finally {
      await GatewayProcess.endAll();
      await removeDirectory(elsewhere);
    }
  });

  it('says what is wrong with the configuration, the server and the schema', async () => {
    const refusal = async (DATABASE_URL: string) => {
      const { status, stderr } = await slipstream(['purge'], { directory, environment: { DATABASE_URL } });
      expect(status).toBe(2);
      expect(stderr).not.toContain('    at ');
      return stderr;
    };
    expect(await refusal('mysql://here')).toContain(
      'DATABASE_URL: must be a URL that begins with postgres://',
    );
    expect(await refusal('postgres://127.0.0.1:1/none')).toContain('The database cannot be reached');
    const empty = await createEmptyTestDatabase();
    try {
      expect(await refusal(empty.url)).toContain('older than this program');
    } finally {
      await empty.drop();
    }
  });
});
