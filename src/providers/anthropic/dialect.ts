import type { Dialect } from '../dialect.js';
import { AnthropicTextProvider } from './anthropic-text-provider.js';
import { listModels } from './list-models.js';
import { unsupportedIn } from './request/unsupported.js';

/** Any server that speaks Anthropic's Messages wire. */
export const ANTHROPIC: Dialect = {
  defaults: { baseUrl: 'https://api.anthropic.com', profile: 'anthropic' },
  text: {
    connect: (settings, maxFrameBytes) => new AnthropicTextProvider(settings, maxFrameBytes),
    unsupported: unsupportedIn,
    doublesHourCache: true,
  },
  cacheBreakpoints: true,
  listModels,
};
