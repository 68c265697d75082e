// @ts-check
/** The contracts of the local chain, compiled once for all runs. */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const require = createRequire(import.meta.url);
const COMPILER = fileURLToPath(new URL('compile.js', import.meta.url));
const SOURCES = new URL('contracts/', import.meta.url);
const CACHE = new URL('../../node_modules/.cache/local-chain/', import.meta.url);

/** @returns {Promise<Record<string, `0x${string}`>>} what creates each contract, by its name */
export async function bytecodes() {
  const output = fileURLToPath(new URL(`${fingerprint()}.json`, CACHE));
  if (!existsSync(output)) await promisify(execFile)(process.execPath, [COMPILER, output]);
  return JSON.parse(readFileSync(output, 'utf8'));
}

/** Of all that the bytecodes are made from. */
function fingerprint() {
  const hash = createHash('sha256');
  for (const file of [
    COMPILER,
    require.resolve('solc/package.json'),
    require.resolve('viem/package.json'),
    require.resolve('@openzeppelin/contracts/package.json'),
    ...readdirSync(SOURCES)
      .sort()
      .map((name) => new URL(name, SOURCES)),
  ])
    hash.update(readFileSync(file)).update('\0');
  return hash.digest('hex').slice(0, 16);
}
