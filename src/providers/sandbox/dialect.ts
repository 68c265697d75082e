import type { Adapters } from '../dialect.js';
import { SandboxEmbeddingProvider } from './sandbox-embedding-provider.js';
import { parseSandboxEmbeddingOptions, parseSandboxOptions } from './sandbox-options.js';
import { SandboxTextProvider } from './sandbox-text-provider.js';
import { parseSandboxVideoOptions } from './sandbox-video-options.js';
import { SandboxVideoProvider } from './sandbox-video-provider.js';

/** Built in: no provider of a gateway file has this type. */
export const SANDBOX: Adapters = {
  text: { connect: () => new SandboxTextProvider(), checkOptions: parseSandboxOptions },
  embedding: { connect: () => new SandboxEmbeddingProvider(), checkOptions: parseSandboxEmbeddingOptions },
  video: { connect: () => new SandboxVideoProvider(Date.now), checkOptions: parseSandboxVideoOptions },
};
