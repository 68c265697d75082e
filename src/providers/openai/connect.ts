import type { ProviderSettings } from '../../catalog/model.js';
import type { Profile } from '../../catalog/profile.js';
import { UpstreamClient } from '../http/upstream-client.js';

/** Connections to a server that speaks one of OpenAI's wires. */
export function connectOpenAi(
  settings: ProviderSettings,
  purpose?: 'calls' | 'videos' | 'contents',
): UpstreamClient {
  return new UpstreamClient(settings, addressOf(settings), authorizationOf(settings), purpose);
}

/** The path of a request to one model. Azure's dated versions have the name of the deployment in it. */
export function pathOf(
  { apiVersion }: Pick<ProviderSettings, 'apiVersion'>,
  upstreamModel: string,
  path: '/chat/completions' | '/embeddings',
): string {
  return apiVersion === undefined ? path : `/deployments/${encodeURIComponent(upstreamModel)}${path}`;
}

/** https://learn.microsoft.com/azure/ai-services/openai/reference */
function addressOf({ baseUrl, apiVersion }: ProviderSettings): string {
  if (apiVersion === undefined) return baseUrl;
  const url = new URL(baseUrl);
  if (url.pathname === '/') url.pathname = '/openai';
  url.searchParams.set('api-version', apiVersion);
  return url.href;
}

/** Azure's dated versions take a key in a header of its own alone. */
function authorizationOf({ apiKey, apiVersion }: ProviderSettings): Readonly<Record<string, string>> {
  if (apiKey === undefined) return {};
  return apiVersion === undefined ? { authorization: `Bearer ${apiKey}` } : { 'api-key': apiKey };
}

/** How a service that keeps its cache per server is asked for the server of this conversation. */
export function affinityHeaders(
  { affinityHeader }: Profile,
  affinity: () => string,
): Readonly<Record<string, string>> {
  return affinityHeader === undefined ? {} : { [affinityHeader]: affinity() };
}
