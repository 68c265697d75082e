// @ts-check
import { execFileSync } from 'node:child_process';

/**
 * What the suite spends on evaluating modules: CPU, user and system, of one process that loads all test files and runs
 * none of their tests. It has what Jest needs for itself too, about 0.08 s for each file. A second worker adds what is
 * loaded once for each, about 2 s.
 * @returns {{ files: number, cpuSeconds: number }}
 */
export function costOfLoadingTests() {
  const flags = ['--experimental-vm-modules', '--disable-warning=ExperimentalWarning'];
  const program = new URL('load-tests.js', import.meta.url).pathname;
  return JSON.parse(execFileSync(process.execPath, [...flags, program], { encoding: 'utf8' }));
}
