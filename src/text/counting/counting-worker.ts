import { parentPort } from 'node:worker_threads';
import { countTokens, type Encoding } from './count-tokens.js';

/** What `CountingThread` asks this thread. */
export interface CountingOrder {
  readonly id: number;
  readonly texts: readonly string[];
  readonly encoding: Encoding;
}

/** Its answer; no `tokens` when they could not be counted. */
export interface CountingResult {
  readonly id: number;
  readonly tokens?: number;
}

parentPort?.on('message', ({ id, texts, encoding }: CountingOrder) => {
  const answer = (result: CountingResult): void => parentPort?.postMessage(result);
  countTokens(texts, encoding).then(
    (tokens) => answer({ id, tokens }),
    () => answer({ id }),
  );
});
