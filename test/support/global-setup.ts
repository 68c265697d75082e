import { mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

// Jest loads this file without the module mapping of the tests: it imports nothing of ours.

/** Makes this run's directory. What costs time (a database, a compiled project) is made by the first test that asks. */
export default function globalSetup(): void {
  const directory = join(tmpdir(), `slipstream-test-${process.pid}`);
  // The database's user must be able to pass through it when root runs the tests.
  mkdirSync(directory, { mode: 0o755 });
  process.env['SLIPSTREAM_TEST_RUN'] = directory;
}
