import type { TextModel } from './model.js';

/**
 * Input tokens held for a part that is not text, where the catalog gives no figure: a detailed image with a wide
 * margin, ten minutes of speech at 32 tokens a second, some thirty pages of a document with their images. Only what
 * was really used is charged.
 */
export const DEFAULT_PART_TOKENS: TextModel['partTokens'] = { image: 5_000, audio: 20_000, file: 50_000 };

/** 2026-01-01T00:00:00Z, for models that do not say when they were made. */
export const DEFAULT_CREATED = 1_767_225_600;

/** Of a model that nobody has said it of: what servers of one's own mostly are set to, or more. */
export const DEFAULT_CONTEXT_WINDOW = 131_072;

const DEFAULT_OUTPUT_TOKENS = 16_000;

/** Held for a call without a limit, where a limit of the model is not known: a quarter of the window is left to it. */
export function defaultOutputTokens(contextWindow: number): number {
  return Math.min(DEFAULT_OUTPUT_TOKENS, Math.ceil(contextWindow / 4));
}
