import type { ProviderSettings } from './model.js';
import type { Profile } from './profile.js';
import type { ProfileName } from './provider-profiles.js';

/** The settings that do not depend on who a provider is, and where. */
export type CommonDefaults = Omit<
  ProviderSettings,
  'id' | 'type' | 'baseUrl' | 'proxy' | 'discover' | keyof Profile
>;

/** What the providers of one dialect start from, where it is not what all providers start from. */
interface DialectDefaults extends Partial<CommonDefaults> {
  /** Without a trailing slash; of a provider that does not say where it is. */
  readonly baseUrl: string;
  /** Absent: that of the service at the provider's address. */
  readonly profile?: ProfileName;
}

/** What the configuration knows of an upstream dialect: of what speaks it only whether it is there. */
export interface DialectTraits {
  readonly defaults: DialectDefaults;
  readonly video?: {
    /**
     * Not every server that speaks it makes videos: a provider needs `videos` among its wires, and only then takes
     * `idempotent_videos`.
     */
    readonly byWire: boolean;
  };
  /** Lists the models of a provider, which takes `discover` then. */
  readonly listModels?: object;
}

/** By the `type` of a provider. A key or an address in the environment adds a provider of those that are named here. */
export type Dialects = Readonly<Record<'openai' | 'anthropic' | 'google', DialectTraits>> &
  Readonly<Record<string, DialectTraits>>;
