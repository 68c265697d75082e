import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from '@jest/globals';
import { Client } from 'pg';
import { Scratch } from './storage/scratch.js';

describe('a run of tests that ends without a word', () => {
  const scratch = new Scratch();
  afterEach(() => scratch.clear());

  it('leaves no database, no process and no file behind', async () => {
    const home = await scratch.directory();
    const compiled = join(await scratch.directory(), 'compiled');
    await mkdir(compiled);
    const { url } = await scratch.start(join(home, 'database'));
    const client = new Client({ connectionString: url });
    const disconnected = new Promise<void>((resolve) => client.once('end', resolve));
    client.on('error', () => undefined);
    await client.connect();
    const gateway = spawn(process.execPath, ['-e', 'setInterval(() => undefined, 1_000)'], { cwd: home });
    const worker = spawn(process.execPath, ['-e', 'setInterval(() => undefined, 1_000)'], {
      env: { SLIPSTREAM_TEST_RUN: home },
    });
    const ended = Promise.all([once(gateway, 'exit'), once(worker, 'exit')]);

    const clearing = spawn(process.execPath, [join('test', 'support', 'clear-run.js'), home, compiled], {
      stdio: ['pipe', 'ignore', 'inherit'],
    });
    clearing.stdin.destroy();
    expect(await once(clearing, 'exit')).toEqual([0, null]);
    await disconnected;
    expect(await ended).toEqual([
      [null, 'SIGKILL'],
      [null, 'SIGKILL'],
    ]);
    expect([home, compiled].map((directory) => existsSync(directory))).toEqual([false, false]);
  });
});
