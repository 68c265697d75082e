// @ts-check
import { transformFile } from '@swc/core';
import { copyFileSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';

const SOURCE = join(process.cwd(), 'src') + sep;
/** Where the source of this run is compiled to; the workers of the run inherit it. */
const VARIABLE = 'SLIPSTREAM_TEST_SOURCE';

/**
 * Compiles src for Node, for `compiledPath`.
 * @param {string} root laid out like the project: node_modules and prisma/ are found from there
 */
export async function compileSource(root) {
  mkdirSync(root, { recursive: true });
  copyFileSync('package.json', join(root, 'package.json'));
  // A new place each time: with --watch, a process goes on that remembers what it has loaded.
  process.env[VARIABLE] = join(root, `src-${Date.now()}`);
  const paths = readdirSync(SOURCE, { recursive: true, encoding: 'utf8' });
  await Promise.all(
    paths
      .filter((path) => path.endsWith('.ts'))
      .map(async (path) => {
        const target = compiledPath(join(SOURCE, path));
        const { code } = await transformFile(join(SOURCE, path));
        mkdirSync(dirname(target), { recursive: true });
        writeFileSync(target, code);
      }),
  );
}

/**
 * What Node loads in place of a file of src; every other file stands for itself.
 * @param {string} path
 */
export function compiledPath(path) {
  if (!path.startsWith(SOURCE)) return path;
  const root = process.env[VARIABLE];
  if (root === undefined) throw new Error('There is no test run: start tests with `npm test`.');
  return join(root, relative(SOURCE, path).replace(/\.ts$/, '.js'));
}
