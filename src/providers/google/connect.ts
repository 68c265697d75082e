import type { ProviderSettings } from '../../catalog/model.js';
import { UpstreamClient } from '../http/upstream-client.js';
import { geminiBaseUrl } from './base-url.js';

/** Connections to the Gemini API. The key is sent as a header, never in an address. */
export function connectGemini(
  settings: ProviderSettings,
  purpose?: 'calls' | 'videos' | 'contents',
): UpstreamClient {
  const { apiKey, baseUrl } = settings;
  return new UpstreamClient(
    settings,
    geminiBaseUrl(baseUrl),
    apiKey === undefined ? {} : { 'x-goog-api-key': apiKey },
    purpose,
  );
}
