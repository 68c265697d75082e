#!/usr/bin/env node
import 'reflect-metadata';
import { readFile } from 'node:fs/promises';
import { StartError } from '../../base/errors/start-error.js';
import { wordsFor } from '../start-failure.js';
import { UsageError, type Command } from './command.js';

/** Commands are loaded on demand, so that none waits for the imports of another. */
const COMMANDS: Readonly<Record<string, () => Promise<Command>>> = {
  'check-books': async () => (await import('./check-books.js')).checkBooks,
  'check-models': async () => (await import('./check-models.js')).checkModels,
  distribute: async () => (await import('./distribute.js')).distribute,
  keys: async () => (await import('./keys.js')).keys,
  purge: async () => (await import('./purge.js')).purge,
  receipt: async () => (await import('./receipt.js')).receipt,
  'x402-refund': async () => (await import('./x402-refund.js')).x402Refund,
  verify: async () => (await import('./verify.js')).verify,
};

/** Exit status when a command could not do its work; 1 is a command's negative result. */
const FAILED = 2;

/** The program as a checkout starts it; an image has `node dist/app/cli/slipstream.js`. */
const PROGRAM = 'npm run slipstream --';

async function main([word = '', ...words]: readonly string[]): Promise<number> {
  if (['version', '--version', '-v'].includes(word)) {
    process.stdout.write(`${await version()}\n`);
    return 0;
  }
  const load = Object.hasOwn(COMMANDS, word) ? COMMANDS[word] : undefined;
  if (!load) {
    const commands = await Promise.all(
      Object.entries(COMMANDS).map(async ([name, of]) => usageOf(name, await of())),
    );
    const isQuestion = ['', 'help', '--help', '-h'].includes(word);
    if (isQuestion) process.stdout.write(commands.join('\n'));
    else process.stderr.write(`${commands.join('\n')}\nThere is no command \`${word}\`.\n`);
    return isQuestion ? 0 : FAILED;
  }
  const command = await load();
  if (words.includes('--help')) {
    process.stdout.write(usageOf(word, command));
    return 0;
  }
  try {
    return await command.run(words);
  } catch (failure) {
    const message =
      failure instanceof StartError || !(failure instanceof Error) ? wordsFor(failure) : failure.message;
    process.stderr.write(`${message}\n${failure instanceof UsageError ? `\n${usageOf(word, command)}` : ''}`);
    return FAILED;
  }
}

/** The version of the package that contains the program. */
async function version(): Promise<string> {
  const manifest = await readFile(new URL('../../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(manifest) as { version: string }).version;
}

function usageOf(name: string, { usage: [line, ...explanation] }: Command): string {
  return [`${PROGRAM} ${name} ${line}`.trimEnd(), ...explanation.map((text) => `  ${text}`), ''].join('\n');
}

// The reader has closed the pipe, as `head` does after ten lines: that is no failure to report.
process.stdout.on('error', (failure: NodeJS.ErrnoException) => {
  if (failure.code !== 'EPIPE') throw failure;
  process.exit(FAILED);
});
process.exitCode = await main(process.argv.slice(2));
