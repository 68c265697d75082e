// @ts-check
import { afterAll, jest } from '@jest/globals';
import { runInThisContext } from 'node:vm';
import { compiledPath } from './compile-source.js';

// Runs in the context of each test file, before it.

/** Tests share these with what Node has loaded, so that `instanceof` and decorators mean the same to both. */
const SHARED =
  'Array BigInt Boolean Date Function JSON Map Number Object Promise Reflect RegExp Set String Symbol ' +
  'AggregateError Error RangeError SyntaxError TypeError';
for (const name of SHARED.split(' ')) Object.assign(globalThis, { [name]: runInThisContext(name) });

/** Node's own: the one that tests import is Jest's. @type {typeof import('node:module').createRequire} */
const createRequire = runInThisContext('process').getBuiltinModule('node:module').createRequire;
const require = createRequire(import.meta.url);
Object.assign(globalThis, { loadByNode: (/** @type {string} */ path) => require(compiledPath(path)) });

// The next test file has the same modules.
afterAll(() => jest.restoreAllMocks());
