import { parseDecimal } from '../base/money/decimal.js';
import type { KnownEmbeddings } from '../catalog/model.js';

/*
 * Like the models of built-in-models.ts, and of the same day: prices and longest inputs are copied by hand from
 *
 * - https://developers.openai.com/api/docs/pricing and /api/docs/guides/embeddings
 * - https://ai.google.dev/gemini-api/docs/pricing, /embeddings and /deprecations
 */

/** USD per 1M input tokens, and the tokens of the longest input. */
type Entry = readonly [usd: string, contextWindow: number];

const OPENAI_ENTRIES: Readonly<Record<string, Entry>> = {
  'text-embedding-3-small': ['0.02', 8_192],
  'text-embedding-3-large': ['0.13', 8_192],
  'text-embedding-ada-002': ['0.1', 8_192],
};

const GOOGLE_ENTRIES: Readonly<Record<string, Entry>> = {
  // Shut down on 2028-05-14.
  'gemini-embedding-001': ['0.15', 2_048],
};

/** By their names at OpenAI. */
export const OPENAI_EMBEDDINGS = known(OPENAI_ENTRIES);
export const GOOGLE_EMBEDDINGS = known(GOOGLE_ENTRIES);

export const BUILT_IN_EMBEDDINGS: KnownEmbeddings = new Map([...OPENAI_EMBEDDINGS, ...GOOGLE_EMBEDDINGS]);

function known(entries: Readonly<Record<string, Entry>>): KnownEmbeddings {
  return new Map(
    Object.entries(entries).map(([name, [usd, contextWindow]]) => [
      name,
      { contextWindow, pricing: { input: parseDecimal(usd) } },
    ]),
  );
}
