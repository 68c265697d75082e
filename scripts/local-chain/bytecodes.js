// @ts-check
/** The contracts of the local chain, compiled once for all runs. */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const here = (/** @type {string} */ path) => fileURLToPath(new URL(path, import.meta.url));

/** @returns {Promise<Record<string, `0x${string}`>>} what creates each contract, by its name */
export async function bytecodes() {
  const output = here(`../../node_modules/.cache/local-chain/${fingerprint()}.json`);
  if (!existsSync(output)) await promisify(execFile)(process.execPath, [here('compile.js'), output]);
  return JSON.parse(readFileSync(output, 'utf8'));
}

function fingerprint() {
  const hash = createHash('sha256').update(readFileSync(here('compile.js')));
  for (const name of ['solc', '@openzeppelin/contracts', 'viem'])
    hash.update(JSON.parse(readFileSync(here(`../../node_modules/${name}/package.json`), 'utf8')).version);
  for (const file of readdirSync(here('contracts')).sort())
    hash.update(`\0${file}\0`).update(readFileSync(here(`contracts/${file}`)));
  return hash.digest('hex').slice(0, 16);
}
