// @ts-check
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { compiledPath } from './compile-source.js';

const require = createRequire(import.meta.url);
const OWN_TEXT = readFileSync(new URL(import.meta.url));

// A worker that is done exits at once. Left to itself, Node would first take apart everything that was loaded for all test
// files, which takes a busy machine longer than the half second after which Jest kills the worker and warns of leaks.
if (process.send) process.once('beforeExit', () => process.exit());

/**
 * A transformer of Jest. Jest evaluates every module again for each test file. What goes through here is loaded by
 * Node, once for all test files of a worker, and Jest gets a module that hands on its exports.
 */
const transformer = {
  /** @param {string} _source @param {string} path @param {{ supportsStaticESM: boolean }} options */
  process(_source, path, { supportsStaticESM }) {
    const loaded = `loadByNode(${JSON.stringify(path)})`;
    if (!supportsStaticESM) return { code: `module.exports = ${loaded};` };
    const names = Object.keys(require(compiledPath(path)));
    const values = names.map((name, index) => `${JSON.stringify(name)}: _${index}`);
    const exports = names.map((name, index) => `_${index} as ${JSON.stringify(name)}`);
    return { code: `const { ${values.join(', ')} } = ${loaded};\nexport { ${exports.join(', ')} };` };
  },
  /** @param {string} source @param {string} path @param {{ supportsStaticESM: boolean }} options */
  getCacheKey(source, path, { supportsStaticESM }) {
    const facts = JSON.stringify([path, supportsStaticESM, process.version]);
    return createHash('sha256').update(OWN_TEXT).update(facts).update(source).digest('hex');
  },
};

export default transformer;
