// @ts-check
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, realpathSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { compileSource } from './modules/compile-source.js';

// Jest loads this file without the module mapping of the tests, so it and what it imports are JavaScript.

/**
 * Makes this run's directory and compiles the source for Node, and starts what clears both away when the run has ended.
 * What costs time (a database, a compiled project) is made by the first test that asks.
 */
export default async function globalSetup() {
  const name = `slipstream-test-${process.pid}`;
  const directory = join(realpathSync(tmpdir()), name);
  // The database's user must be able to pass through it when root runs the tests.
  mkdirSync(directory, { mode: 0o755 });
  process.env['SLIPSTREAM_TEST_RUN'] = directory;
  // Whatever tests make for a while lies in it too, and goes with it.
  process.env['TMPDIR'] = directory;

  const compiled = join(process.cwd(), 'node_modules', '.cache', name);
  const clearing = spawn(process.execPath, [join('test', 'support', 'clear-run.js'), directory, compiled], {
    stdio: ['pipe', 'inherit', 'inherit'],
    // In a process group of its own, since a Ctrl-C is not meant for it.
    detached: true,
  });
  clearing.unref();
  /** @type {import('node:net').Socket} */ (clearing.stdin).unref();
  Object.assign(globalThis, {
    clearRun: async () => {
      clearing.ref();
      clearing.stdin.end();
      await once(clearing, 'exit');
    },
  });
  await compileSource(compiled);
}
