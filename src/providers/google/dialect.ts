import type { Dialect } from '../dialect.js';
import { GoogleEmbeddingProvider } from './google-embedding-provider.js';
import { GoogleTextProvider } from './google-text-provider.js';
import { GoogleVideoProvider } from './google-video-provider.js';
import { listModels } from './list-models.js';
import { unsupportedIn } from './unsupported.js';

/** The Gemini API: `generateContent` for text, batches for embeddings, long-running operations for videos. */
export const GOOGLE: Dialect = {
  defaults: { baseUrl: 'https://generativelanguage.googleapis.com', profile: 'google' },
  text: {
    connect: (settings, maxFrameBytes, images) => new GoogleTextProvider(settings, images, maxFrameBytes),
    unsupported: unsupportedIn,
  },
  video: {
    byWire: false,
    connect: (settings, elsewhere) => new GoogleVideoProvider(settings, elsewhere),
  },
  embedding: { byWire: false, connect: (settings) => new GoogleEmbeddingProvider(settings) },
  listModels,
};
