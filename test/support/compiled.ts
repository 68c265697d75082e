import { execFile } from 'node:child_process';
import { copyFile, mkdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import { oncePerRun } from './once-per-run.js';
import { runDirectory } from './run-directory.js';

/**
 * Compiles the project as `npm run build` does, without its type check, once in a run, for tests that run the gateway
 * or a part of it as a process of its own. Resolves to a directory laid out like dist, from which node_modules and
 * prisma/ are found.
 */
export async function compileProject(): Promise<string> {
  return oncePerRun('compiled', async () => {
    const root = join(process.cwd(), 'node_modules', '.cache', basename(runDirectory()));
    const directory = join(root, 'dist');
    await mkdir(directory, { recursive: true });
    await copyFile('package.json', join(root, 'package.json'));
    const compiler = join(process.cwd(), 'node_modules', 'typescript', 'bin', 'tsc');
    await promisify(execFile)(process.execPath, [
      compiler,
      ...['-p', 'tsconfig.build.json', '--noCheck', '--outDir', directory],
    ]);
    return directory;
  });
}
