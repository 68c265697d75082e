import type { TextModel } from '../catalog/model.js';

/**
 * Input tokens held for a part that is not text, where the catalog gives no figure: a detailed image with a wide
 * margin, ten minutes of speech at 32 tokens a second, some thirty pages of a document with their images. Only what
 * was really used is charged.
 */
export const DEFAULT_PART_TOKENS: TextModel['partTokens'] = { image: 5_000, audio: 20_000, file: 50_000 };

/** 2026-01-01T00:00:00Z, for models that do not say when they were made. */
export const DEFAULT_CREATED = 1_767_225_600;
