import type { ProviderSettings } from '../../catalog/model.js';
import { UpstreamClient } from '../http/upstream-client.js';

/** Connections to a server that speaks one of OpenAI's wires. */
export function connectOpenAi(
  settings: ProviderSettings,
  purpose?: 'calls' | 'videos' | 'contents',
): UpstreamClient {
  const { apiKey, baseUrl } = settings;
  return new UpstreamClient(
    settings,
    baseUrl,
    apiKey === undefined ? {} : { authorization: `Bearer ${apiKey}` },
    purpose,
  );
}
