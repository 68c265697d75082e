// @ts-check
import { transformFile } from '@swc/core';
import { copyFileSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';

/** What is compiled; `jest.config.js` says which files of it Node loads. */
const DIRECTORIES = ['src', join('test', 'support')];
/** Where it is compiled to; the workers of the run inherit it. */
const VARIABLE = 'SLIPSTREAM_TEST_COMPILED';

/**
 * Compiles the source, and helpers of tests, for Node; see `compiledPath`.
 * @param {string} directory from which node_modules and prisma/ are found
 */
export async function compileSource(directory) {
  // A new place each time: with --watch, a process goes on that remembers what it has loaded.
  const root = join(directory, `compiled-${Date.now()}`);
  process.env[VARIABLE] = root;
  mkdirSync(root, { recursive: true });
  copyFileSync('package.json', join(root, 'package.json'));
  const paths = DIRECTORIES.flatMap((name) =>
    readdirSync(name, { recursive: true, encoding: 'utf8' }).map((path) => join(name, path)),
  );
  await Promise.all(paths.filter((path) => path.endsWith('.ts')).map(compile));
}

/** @param {string} path */
async function compile(path) {
  const { code } = await transformFile(path);
  const target = compiledPath(join(process.cwd(), path));
  mkdirSync(dirname(target), { recursive: true });
  writeFileSync(target, code);
}

/**
 * What Node loads in place of a file of TypeScript; every other file stands for itself.
 * @param {string} path
 */
export function compiledPath(path) {
  if (!path.endsWith('.ts')) return path;
  const root = process.env[VARIABLE];
  if (root === undefined) throw new Error('There is no test run: start tests with `npm test`.');
  return join(root, relative(process.cwd(), path).replace(/\.ts$/, '.js'));
}
