// @ts-check
// Runs anvil for as long as standard input is open: its other end is held by whoever needs the chain, so the chain ends
// with it, however that ends. Says once at which address the chain listens.
//   node scripts/local-chain/keep-anvil.js BINARY OPTION…
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

const [binary = '', ...options] = process.argv.slice(2);
const anvil = spawn(binary, options, { stdio: ['ignore', 'pipe', 'inherit'] });
anvil.on('exit', (code) => process.exit(code ?? 1));
// Everything is read, since anvil waits when it cannot log.
createInterface(anvil.stdout).on('line', (line) => {
  const address = /^Listening on (\S+)$/.exec(line)?.[1];
  if (address !== undefined) process.stdout.write(`${address}\n`);
});
process.stdin.on('close', () => anvil.kill('SIGKILL')).resume();
