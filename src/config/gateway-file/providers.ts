import type { Profile } from '../../catalog/profile.js';
import type { ProviderSettings, Wire } from '../../catalog/model.js';
import { defaultProvider } from '../default-provider.js';
import type { Dialects, DialectTraits } from '../../catalog/dialect.js';
import { isProxyUrl, proxyUrl, type Proxies } from '../environment/proxies.js';
import { isHttpUrl, trimSlashes } from '../environment/rules.js';
import { PROFILE_NAMES } from '../../catalog/provider-profiles.js';
import { SANDBOX_PROVIDER_ID } from '../sandbox-catalogue.js';
import { readDiscover } from './discover.js';
import { isHeaderValue, PROVIDER_ID, readKeys, readReasoningScope } from './provider-keys.js';
import type { Section, TextRule } from './section.js';

const WIRES: readonly Wire[] = ['chat', 'responses', 'embeddings', 'videos'];
const DAY_MS = 86_400_000;

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

const API_VERSION: TextRule = {
  test: (text) => /^\d{4}-\d{2}-\d{2}(-preview)?$/.test(text),
  words: 'a version of Azure, such as 2024-10-21 or 2025-04-01-preview',
};

const OMITTED: TextRule = {
  test: (name) => FIELD_NAME.test(name) && !['model', 'messages', 'stream'].includes(name),
  words: 'the name of a request field, and not model, messages or stream',
};
/** Replaces a proxy of the environment, or the header of a profile, by none. */
const NONE = 'none';
/** The gateway sets these itself. */
const OWN_HEADERS: ReadonlySet<string> = new Set([
  ...['accept', 'accept-encoding', 'authorization', 'connection', 'content-length', 'content-type', 'host'],
  ...['transfer-encoding', 'user-agent', 'api-key', 'x-api-key', 'x-goog-api-key'],
]);
const HEADER: TextRule = {
  test: (name) => isHeader(name, 'x') && !OWN_HEADERS.has(name.toLowerCase()),
  words: `the name of a header that the gateway does not set, or ${NONE}`,
};
const PROXY: TextRule = {
  test: (text) => text === NONE || isProxyUrl(text),
  words: `the http(s) URL of a proxy, or ${NONE}`,
};

/** The providers of the file by id. A provider with a mistake is included, so that its models are not blamed for it. */
export function readProviders(
  file: Section,
  dialects: Dialects,
  proxies: Proxies,
): Map<string, ProviderSettings> {
  const providers = new Map<string, ProviderSettings>();
  for (const section of file.sections('providers')) {
    const provider = readProvider(section, dialects, proxies);
    if (provider.id === SANDBOX_PROVIDER_ID) section.refuse('id', 'is the id of the built-in sandbox');
    if (providers.has(provider.id)) section.refuse('id', 'is the id of an earlier provider');
    if (provider.id !== '') providers.set(provider.id, provider);
  }
  return providers;
}

function readProvider(section: Section, dialects: Dialects, proxies: Proxies): ProviderSettings {
  section.require('id', 'type');
  const baseUrl = section.text('base_url', BASE_URL);
  const defaults = defaultProvider(
    section.text('id', PROVIDER_ID) ?? '',
    section.choice('type', Object.keys(dialects)) ?? 'openai',
    dialects,
    {
      proxies,
      baseUrl: baseUrl === undefined ? undefined : trimSlashes(baseUrl),
      profile: section.choice('profile', PROFILE_NAMES),
    },
  );
  const milliseconds = (key: string, otherwise: number) => section.wholeNumber(key, 1, DAY_MS) ?? otherwise;
  const provider: ProviderSettings = {
    ...defaults,
    ...readProfile(section, defaults),
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
    idempotentVideos: section.boolean('idempotent_videos') ?? defaults.idempotentVideos,
    maxConnections: section.wholeNumber('max_connections', 1, 65_535) ?? defaults.maxConnections,
    proxy: readProxy(section, defaults),
    logUpstreamMessages: section.boolean('log_upstream_messages') ?? defaults.logUpstreamMessages,
    ...readApiVersion(section),
    ...readReasoningScope(section),
    ...readKeys(section),
    ...readCacheBreakpoints(section),
    ...readDiscovery(section),
  };
  refuseForeignKeys(section, provider, dialects);
  section.end();
  return provider;
}

/** Keys that only some dialects take. */
function refuseForeignKeys(section: Section, provider: ProviderSettings, dialects: Dialects): void {
  const typesThat = (take: (dialect: DialectTraits) => boolean): readonly string[] =>
    Object.entries(dialects).flatMap(([type, dialect]) => (take(dialect) ? type : []));
  const { type, discover, idempotentVideos, wires, cacheBreakpoints } = provider;
  const listing = typesThat(({ listModels }) => listModels !== undefined);
  if (discover && !listing.includes(type))
    section.refuse('discover', `is for a provider of type ${listing.join(' or ')}`);
  refuseApiVersion(section, provider, typesThat);
  const marking = typesThat((dialect) => dialect.cacheBreakpoints === true);
  if (cacheBreakpoints && !marking.includes(type))
    section.refuse('cache_breakpoints', `is for a provider of type ${marking.join(' or ')}`);
  const byWire = typesThat(({ video }) => video?.byWire === true);
  if (idempotentVideos && !(byWire.includes(type) && wires.includes('videos')))
    section.refuse(
      'idempotent_videos',
      `is for a provider of type ${byWire.join(' or ')} with videos among its wires`,
    );
}

/** Azure's dated versions list no deployments, and make videos in a way of their own. */
function refuseApiVersion(
  section: Section,
  { type, apiVersion, baseUrl, discover, wires }: ProviderSettings,
  typesThat: (take: (dialect: DialectTraits) => boolean) => readonly string[],
): void {
  if (apiVersion === undefined) return;
  const dated = typesThat(({ apiVersions }) => apiVersions === true);
  if (!dated.includes(type))
    return section.refuse('api_version', `is for a provider of type ${dated.join(' or ')}`);
  if (section.isMissing('base_url'))
    section.refuse('api_version', `is for Azure, and ${baseUrl} is not; base_url names the resource`);
  if (discover) section.refuse('api_version', 'does not go with discover: Azure lists no deployments');
  if (wires.includes('videos')) section.refuse('api_version', 'does not go with videos among the wires');
}

/** Single keys win over the profile. */
function readProfile(section: Section, defaults: Profile): Profile {
  return {
    omitFields: section.texts('omit_fields', OMITTED) ?? defaults.omitFields,
    developerRole: section.boolean('developer_role') ?? defaults.developerRole,
    tokenLimitField:
      section.choice('token_limit_field', ['max_completion_tokens', 'max_tokens']) ??
      defaults.tokenLimitField,
    toolCallIds: section.choice('tool_call_ids', ['kept', 'short', 'plain', 'nine']) ?? defaults.toolCallIds,
    reasoningContent:
      section.choice('reasoning_content', ['given', 'never', 'always']) ?? defaults.reasoningContent,
    assistantAfterTools: section.boolean('assistant_after_tools') ?? defaults.assistantAfterTools,
    callSignatures: section.boolean('call_signatures') ?? defaults.callSignatures,
    toolImages: section.choice('tool_images', ['inside', 'behind']) ?? defaults.toolImages,
    promptCacheKey: section.choice('prompt_cache_key', ['given', 'always']) ?? defaults.promptCacheKey,
    cacheControl: section.boolean('cache_control') ?? defaults.cacheControl,
    ...readAffinityHeader(section, defaults),
  };
}

function readAffinityHeader(section: Section, { affinityHeader }: Profile): Pick<Profile, 'affinityHeader'> {
  const name = section.text('affinity_header', HEADER)?.toLowerCase() ?? affinityHeader;
  return name === undefined ? {} : { affinityHeader: name === NONE ? undefined : name };
}

function readApiVersion(section: Section): Pick<ProviderSettings, 'apiVersion'> {
  const apiVersion = section.text('api_version', API_VERSION);
  return apiVersion === undefined ? {} : { apiVersion };
}

function readProxy(section: Section, { proxy }: ProviderSettings): string | undefined {
  const text = section.text('proxy', PROXY);
  if (text === undefined) return proxy;
  return text === NONE ? undefined : proxyUrl(text);
}

function readCacheBreakpoints(section: Section): Pick<ProviderSettings, 'cacheBreakpoints'> {
  const cacheBreakpoints = section.choice('cache_breakpoints', ['auto', 'off']);
  return cacheBreakpoints === undefined ? {} : { cacheBreakpoints };
}

function readDiscovery(provider: Section): Pick<ProviderSettings, 'discover'> {
  const section = provider.section('discover');
  return section ? { discover: readDiscover(section) } : {};
}

function isHeader(name: string, value: string): boolean {
  return /^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/.test(name) && isHeaderValue(value);
}
