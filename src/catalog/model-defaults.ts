import type { TextModel } from './model.js';

/**
 * Input tokens held for a part that is not text, where the catalog gives no figure: a detailed image with a wide
 * margin, ten minutes of speech at 32 tokens a second, some thirty pages of a document with their images. Only the
 * actual usage is charged.
 */
export const DEFAULT_PART_TOKENS: TextModel['partTokens'] = { image: 5_000, audio: 20_000, file: 50_000 };

/** 2026-01-01T00:00:00Z, for models that do not say when they were made. */
export const DEFAULT_CREATED = 1_767_225_600;

/** For a model whose window is not known: as large as on most self-hosted servers, or larger. */
export const DEFAULT_CONTEXT_WINDOW = 131_072;

/** The longest input of an embedding model whose window is not known: that of most models. */
export const DEFAULT_EMBEDDING_WINDOW = 8_192;

const DEFAULT_OUTPUT_TOKENS = 16_000;

/** Held for a call without a limit, where the model's limit is not known: at most a quarter of the window. */
export function defaultOutputTokens(contextWindow: number): number {
  return Math.min(DEFAULT_OUTPUT_TOKENS, Math.ceil(contextWindow / 4));
}
