import type { ProviderSettings } from '../catalog/model.js';
import type { CommonDefaults, DialectTraits } from '../catalog/dialect.js';
import { NO_PROXIES, proxyFor, type Proxies } from './environment/proxies.js';
import { profileNameOf, profileOf, type ProfileName } from '../catalog/provider-profiles.js';

/** The defaults of every provider, unless its dialect has others. */
export const COMMON_DEFAULTS: CommonDefaults = {
  apiKey: undefined,
  wires: ['chat', 'embeddings'],
  timeoutMs: 600_000,
  connectTimeoutMs: 5_000,
  firstByteTimeoutMs: 300_000,
  silenceTimeoutMs: 300_000,
  backgroundTimeoutMs: 3_600_000,
  headers: {},
  passFields: [],
  idempotentVideos: false,
  maxConnections: 256,
  logUpstreamMessages: false,
};

interface Origin {
  readonly proxies?: Proxies;
  readonly baseUrl?: string | undefined;
  readonly profile?: ProfileName | undefined;
}

/** A provider of which nothing is known but its type and perhaps its address. */
export function defaultProvider<Type extends string>(
  id: string,
  type: Type,
  dialects: Readonly<Record<Type, DialectTraits>>,
  { proxies = NO_PROXIES, baseUrl, profile }: Origin = {},
): ProviderSettings {
  const { profile: usualProfile, ...defaults } = dialects[type].defaults;
  const address = baseUrl ?? defaults.baseUrl;
  return {
    ...profileOf(profile ?? usualProfile ?? profileNameOf(address)),
    ...COMMON_DEFAULTS,
    ...defaults,
    id,
    type,
    baseUrl: address,
    proxy: proxyFor(address, proxies),
  };
}
