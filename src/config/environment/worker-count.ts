import { availableParallelism } from 'node:os';

const MOST_WORKERS = 64;

/** `auto`, or a whole number from 1 to 64. */
export function isWorkerCount(text: string): boolean {
  return text === 'auto' || (/^\d{1,2}$/.test(text) && Number(text) >= 1 && Number(text) <= MOST_WORKERS);
}

/** @param text as `isWorkerCount` accepts it */
export function workerCount(text: string): number {
  return text === 'auto' ? Math.min(MOST_WORKERS, availableParallelism()) : Number(text);
}

/**
 * How many processes `WORKERS` asks for, known before anything else is loaded. What cannot be read counts as 1: the
 * one process then says all that is wrong with its configuration.
 */
export function wantedWorkers(environment: NodeJS.ProcessEnv = process.env): number {
  const text = environment['WORKERS']?.trim() ?? '';
  return isWorkerCount(text) ? workerCount(text) : 1;
}
