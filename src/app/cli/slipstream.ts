#!/usr/bin/env node
import 'reflect-metadata';
import { readFile } from 'node:fs/promises';
import { StartError } from '../../base/errors/start-error.js';
import { wordsFor } from '../start-failure.js';
import { UsageError, type Command } from './command.js';

/** Loaded when they are asked for: none waits for what another one needs. */
const COMMANDS: Readonly<Record<string, () => Promise<Command>>> = {
  'check-books': async () => (await import('./check-books.js')).checkBooks,
  keys: async () => (await import('./keys.js')).keys,
  purge: async () => (await import('./purge.js')).purge,
  receipt: async () => (await import('./receipt.js')).receipt,
  verify: async () => (await import('./verify.js')).verify,
};

/** For everything that a command was not able to do; 1 is a command's own no. */
const FAILED = 2;

/** How a checkout starts it; an image has `node dist/app/cli/slipstream.js`. */
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
    process[isQuestion ? 'stdout' : 'stderr'].write(commands.join('\n'));
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

/** From the package that the program is part of. */
async function version(): Promise<string> {
  const manifest = await readFile(new URL('../../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(manifest) as { version: string }).version;
}

function usageOf(name: string, { usage: [line, ...explanation] }: Command): string {
  return [`${PROGRAM} ${name} ${line}`, ...explanation.map((text) => `  ${text}`), ''].join('\n');
}

// Whoever reads has seen enough, as `head` has after ten lines: that is no failure to tell of.
process.stdout.on('error', (failure: NodeJS.ErrnoException) => {
  if (failure.code !== 'EPIPE') throw failure;
  process.exit(FAILED);
});
process.exitCode = await main(process.argv.slice(2));
