import type { ProviderSettings, ProviderType, Wire } from '../../catalog/model.js';
import { isHttpUrl, trimSlashes } from '../environment/rules.js';
import { SANDBOX_PROVIDER_ID } from '../sandbox-catalogue.js';
import type { Section, TextRule } from './section.js';

type UpstreamType = Exclude<ProviderType, 'sandbox'>;

/** Each provider's own endpoint that speaks OpenAI's chat wire. */
const DEFAULT_BASE_URLS: Readonly<Record<UpstreamType, string>> = {
  openai: 'https://api.openai.com/v1',
  anthropic: 'https://api.anthropic.com/v1',
  google: 'https://generativelanguage.googleapis.com/v1beta/openai',
};

const TYPES = Object.keys(DEFAULT_BASE_URLS) as readonly UpstreamType[];
const WIRES: readonly Wire[] = ['chat', 'responses', 'videos'];
const DAY_MS = 86_400_000;

const PROVIDER_ID: TextRule = {
  test: (id) => /^[A-Za-z0-9._-]{1,64}$/.test(id),
  words: '1 to 64 letters, digits, dots, dashes and underscores',
};
const WIRE: TextRule = {
  test: (wire) => WIRES.some((known) => known === wire),
  words: `one of ${WIRES.join(', ')}`,
};
const FIELD_NAME: TextRule = {
  test: (name) => /^[A-Za-z0-9_.-]{1,64}$/.test(name),
  words: 'the name of a request field',
};
const BASE_URL: TextRule = {
  test: isHttpUrl,
  words: 'an http(s) URL without user, query and fragment',
};

/** What every provider starts from; times in milliseconds. */
export function defaultProvider(id: string, type: UpstreamType): ProviderSettings {
  return {
    id,
    type,
    baseUrl: DEFAULT_BASE_URLS[type],
    apiKey: undefined,
    wires: ['chat'],
    timeoutMs: 600_000,
    connectTimeoutMs: 5_000,
    firstByteTimeoutMs: 300_000,
    silenceTimeoutMs: 300_000,
    backgroundTimeoutMs: 3_600_000,
    headers: {},
    passFields: [],
    tokenLimitField: type === 'openai' ? 'max_completion_tokens' : 'max_tokens',
    idempotentVideos: false,
    maxConnections: 256,
  };
}

/** The providers of the file by id. One with a mistake is there too, so that its models are not blamed for it. */
export function readProviders(file: Section): Map<string, ProviderSettings> {
  const providers = new Map<string, ProviderSettings>();
  for (const section of file.sections('providers')) {
    const provider = readProvider(section);
    if (provider.id === SANDBOX_PROVIDER_ID) section.refuse('id', 'is the id of the built-in sandbox');
    if (providers.has(provider.id)) section.refuse('id', 'is the id of an earlier provider');
    if (provider.id !== '') providers.set(provider.id, provider);
  }
  return providers;
}

function readProvider(section: Section): ProviderSettings {
  section.require('id', 'type');
  const defaults = defaultProvider(
    section.text('id', PROVIDER_ID) ?? '',
    section.choice('type', TYPES) ?? 'openai',
  );
  const milliseconds = (key: string, otherwise: number) => section.wholeNumber(key, 1, DAY_MS) ?? otherwise;
  const provider: ProviderSettings = {
    ...defaults,
    baseUrl: trimSlashes(section.text('base_url', BASE_URL) ?? defaults.baseUrl),
    apiKey: section.text('api_key', { test: isHeaderValue, words: 'characters that a header can carry' }),
    wires: (section.texts('wires', WIRE) as readonly Wire[] | undefined) ?? defaults.wires,
    timeoutMs: milliseconds('timeout_ms', defaults.timeoutMs),
    connectTimeoutMs: milliseconds('connect_timeout_ms', defaults.connectTimeoutMs),
    firstByteTimeoutMs: milliseconds('first_byte_timeout_ms', defaults.firstByteTimeoutMs),
    silenceTimeoutMs: milliseconds('silence_timeout_ms', defaults.silenceTimeoutMs),
    backgroundTimeoutMs: milliseconds('background_timeout_ms', defaults.backgroundTimeoutMs),
    headers: Object.fromEntries(
      section.textsByName('headers', isHeader, 'a header value, under the name of a header'),
    ),
    passFields: section.texts('pass_fields', FIELD_NAME) ?? defaults.passFields,
    tokenLimitField:
      section.choice('token_limit_field', ['max_completion_tokens', 'max_tokens']) ??
      defaults.tokenLimitField,
    idempotentVideos: section.boolean('idempotent_videos') ?? defaults.idempotentVideos,
    maxConnections: section.wholeNumber('max_connections', 1, 65_535) ?? defaults.maxConnections,
  };
  if (provider.idempotentVideos && !(provider.type === 'openai' && provider.wires.includes('videos')))
    section.refuse('idempotent_videos', 'is for a provider of type openai with videos among its wires');
  section.end();
  return provider;
}

function isHeader(name: string, value: string): boolean {
  return /^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/.test(name) && isHeaderValue(value);
}

function isHeaderValue(value: string): boolean {
  return /^[\x20-\x7e]+$/.test(value);
}
