import type { ProviderSettings } from './model.js';
import type { Profile } from './profile.js';
import type { ProfileName } from './provider-profiles.js';

/** The settings that do not depend on a provider's identity or address. */
export type CommonDefaults = Omit<
  ProviderSettings,
  'id' | 'type' | 'baseUrl' | 'apiVersion' | 'proxy' | 'discover' | keyof Profile
>;

/** The defaults of one dialect's providers, where they differ from those of all providers. */
interface DialectDefaults extends Partial<CommonDefaults> {
  /** The address of a provider that gives none, without a trailing slash. */
  readonly baseUrl: string;
  /** Absent: the profile of the service at the provider's address. */
  readonly profile?: ProfileName;
}

/** What the configuration knows of an upstream dialect. Of its adapters it knows only whether they exist. */
export interface DialectTraits {
  readonly defaults: DialectDefaults;
  readonly video?: {
    /**
     * Not every server of this dialect makes videos: a provider needs `videos` among its wires. Only then may it set
     * `idempotent_videos`.
     */
    readonly byWire: boolean;
  };
  readonly embedding?: {
    /** Not every server of this dialect makes embeddings: a provider needs `embeddings` among its wires. */
    readonly byWire: boolean;
  };
  /** Prompts are marked for the service's cache. With it, a provider may set `cache_breakpoints`. */
  readonly cacheBreakpoints?: true;
  /** Some of its servers have dated versions. With it, a provider may set `api_version`. */
  readonly apiVersions?: true;
  /** Lists a provider's models. With it, a provider may set `discover`. */
  readonly listModels?: object;
}

/**
 * Dialects by provider `type`. A key or an address in the environment adds a provider of a dialect that is named
 * here.
 */
export type Dialects = Readonly<Record<'openai' | 'anthropic' | 'google', DialectTraits>> &
  Readonly<Record<string, DialectTraits>>;
