// @ts-check
// Compiles the contracts, in a process of its own, since the compiler is large and slow to load.
//   node scripts/local-chain/compile.js OUTPUT
import { mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import solc from 'solc';

const require = createRequire(import.meta.url);
const directory = fileURLToPath(new URL('contracts', import.meta.url));
const output = /** @type {string} */ (process.argv[2]);

const input = {
  language: 'Solidity',
  sources: Object.fromEntries(
    readdirSync(directory).map((file) => [file, { content: readFileSync(join(directory, file), 'utf8') }]),
  ),
  settings: {
    evmVersion: 'cancun',
    optimizer: { enabled: true, runs: 200 },
    outputSelection: { '*': { '*': ['evm.bytecode.object'] } },
  },
};
const { contracts, errors = [] } = JSON.parse(
  solc.compile(JSON.stringify(input), {
    import: (/** @type {string} */ path) => ({ contents: readFileSync(require.resolve(path), 'utf8') }),
  }),
);
const failures = errors.filter((/** @type {{ severity: string }} */ { severity }) => severity === 'error');
if (failures.length > 0)
  throw new Error(
    failures
      .map((/** @type {{ formattedMessage: string }} */ { formattedMessage }) => formattedMessage)
      .join('\n'),
  );

/** @type {Record<string, string>} */
const bytecodes = { Multicall3: await multicall3() };
for (const file of readdirSync(directory)) {
  const name = basename(file, '.sol');
  bytecodes[name] = `0x${contracts[file][name].evm.bytecode.object}`;
}
mkdirSync(dirname(output), { recursive: true });
// Several processes may compile at once; each of them leaves a whole file.
writeFileSync(`${output}.${process.pid}`, JSON.stringify(bytecodes));
renameSync(`${output}.${process.pid}`, output);

/** viem has the bytecode, but does not export it. */
async function multicall3() {
  const file = new URL('../../node_modules/viem/_esm/constants/contracts.js', import.meta.url);
  return (await import(file.href)).multicall3Bytecode;
}
