import type { ProviderSettings } from '../../catalog/model.js';
import type { Dialect } from '../dialect.js';
import { OpenAiEmbeddingProvider } from './embedding/openai-embedding-provider.js';
import { listModels } from './list-models.js';
import { OpenAiTextProvider } from './openai-text-provider.js';
import { unsupportedIn } from './responses/request/unsupported.js';
import { ResponsesTextProvider } from './responses/responses-text-provider.js';
import { OpenAiVideoProvider } from './video/openai-video-provider.js';

/** Any server that speaks OpenAI's chat wire or its Responses wire, which goes before where it has both. */
export const OPENAI: Dialect = {
  defaults: { baseUrl: 'https://api.openai.com/v1' },
  text: {
    connect: (settings, maxFrameBytes) =>
      speaksResponses(settings)
        ? new ResponsesTextProvider(settings, maxFrameBytes)
        : new OpenAiTextProvider(settings, maxFrameBytes),
    hostsTools: speaksResponses,
    unsupported: (prompt, provider) => (speaksResponses(provider) ? unsupportedIn(prompt) : undefined),
  },
  video: {
    byWire: true,
    connect: (settings, elsewhere) => new OpenAiVideoProvider(settings, elsewhere),
  },
  embedding: { byWire: true, connect: (settings) => new OpenAiEmbeddingProvider(settings) },
  apiVersions: true,
  listModels,
};

function speaksResponses({ wires }: ProviderSettings): boolean {
  return wires.includes('responses');
}
