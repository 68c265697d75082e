// @ts-check
/** Has Jest load every test file, without running a test, and prints the seconds of CPU that this took and the files. */
import { runCLI } from 'jest';

const { results } = await runCLI(
  /** @type {any} */ ({
    runInBand: true,
    silent: true,
    reporters: [],
    testNamePattern: 'no test has this name',
  }),
  [process.cwd()],
);
if (results.numRuntimeErrorTestSuites > 0) throw new Error('a test file cannot be loaded');
const { user, system } = process.cpuUsage();
process.stdout.write(
  JSON.stringify({ files: results.numTotalTestSuites, cpuSeconds: (user + system) / 1e6 }),
);
process.exit(0);
