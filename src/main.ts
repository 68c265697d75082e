import 'reflect-metadata';
import { run } from './app/run.js';
import { wordsFor } from './app/start-failure.js';

try {
  await run();
  process.exit(0);
} catch (failure) {
  process.stderr.write(`${wordsFor(failure)}\n`);
  process.exit(1);
}
