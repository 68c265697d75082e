import type { ProviderSettings } from '../../catalog/model.js';
import type { Profile } from '../../catalog/profile.js';
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

/** How a service that keeps its cache per server is asked for the server of this conversation. */
export function affinityHeaders(
  { affinityHeader }: Profile,
  affinity: () => string,
): Readonly<Record<string, string>> {
  return affinityHeader === undefined ? {} : { [affinityHeader]: affinity() };
}
