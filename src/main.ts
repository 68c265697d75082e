import 'reflect-metadata';
import cluster from 'node:cluster';
import { wordsFor } from './app/start-failure.js';
import { wantedWorkers } from './config/environment/worker-count.js';

try {
  process.exit(await begin(wantedWorkers()));
} catch (failure) {
  process.stderr.write(`${wordsFor(failure)}\n`);
  process.exit(1);
}

/** Loads only what this process needs for its part. @returns the exit status */
async function begin(workers: number): Promise<number> {
  if (workers > 1 && cluster.isPrimary)
    return (await import('./app/cluster/run-primary.js')).runPrimary(workers);
  if (workers > 1) await (await import('./app/cluster/run-worker.js')).runWorker();
  else await (await import('./app/run.js')).run();
  return 0;
}
