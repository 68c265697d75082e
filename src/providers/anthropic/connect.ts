import type { ProviderSettings } from '../../catalog/model.js';
import { UpstreamClient } from '../http/upstream-client.js';

/** The version of the wire that this dialect speaks by itself. */
export const VERSION = { 'anthropic-version': '2023-06-01' } as const;

/** The base URL may end in the version of the API, as SDKs differ in that. */
const API_VERSION = /\/v1$/;

/** Connections to a server that speaks the Messages wire; paths begin with `/v1`. */
export function connectAnthropic(settings: ProviderSettings): UpstreamClient {
  const { apiKey, baseUrl } = settings;
  const authorization = apiKey === undefined ? {} : { 'x-api-key': apiKey };
  return new UpstreamClient(settings, baseUrl.replace(API_VERSION, ''), authorization);
}
