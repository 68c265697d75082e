// @ts-check
/** `npm run dev`: the compiler and the gateway, both watching. What the gateway prints is what `npm start` prints. */
import { spawn } from 'node:child_process';

const COMPILER = [
  'node_modules/typescript/bin/tsc',
  '-p',
  'tsconfig.build.json',
  '--watch',
  '--preserveWatchOutput',
];
const GATEWAY = ['--watch', '--watch-preserve-output', '--enable-source-maps', 'dist/main.js'];

const children = [COMPILER, GATEWAY].map((words) => spawn(process.execPath, words, { stdio: 'inherit' }));
for (const child of children) {
  child.once('exit', (code) => {
    for (const other of children) other.kill();
    process.exitCode ??= code ?? 0;
  });
}
for (const signal of ['SIGINT', 'SIGTERM']) {
  process.on(signal, () => {
    for (const child of children) child.kill('SIGTERM');
  });
}
