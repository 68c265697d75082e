import type { ProviderSettings } from '../catalog/model.js';
import type { DialectTraits } from '../catalog/dialect.js';
import type { ListedModel } from './discovery/listed-model.js';
import type { GuardedClient } from './http/guarded-client.js';
import type { TextProvider } from './text/text-provider.js';
import type { VideoProvider } from './video/video-provider.js';

interface Adapter {
  /** @throws GatewayError 400, param `model`, for options behind the colon of a model's name that it does not know. */
  readonly checkOptions?: (modelOptions: string) => void;
}

interface TextAdapter extends Adapter {
  /** @param maxFrameBytes of one frame of a streamed answer. */
  readonly connect: (settings: ProviderSettings, maxFrameBytes?: number) => TextProvider;
}

interface VideoAdapter extends Adapter {
  /** @param elsewhere fetches content that is not at the provider's own address. */
  readonly connect: (settings: ProviderSettings, elsewhere: GuardedClient) => VideoProvider;
}

/** What speaks with the providers of one type. */
export interface Adapters {
  readonly text: TextAdapter;
  /** Absent: they make no videos. */
  readonly video?: VideoAdapter;
  /** Absent: they cannot be asked what they have. @throws UpstreamFailure, or whatever `signal` was aborted for. */
  readonly listModels?: (provider: ProviderSettings, signal: AbortSignal) => Promise<readonly ListedModel[]>;
}

/** An upstream dialect: what the configuration has to know of it, and what speaks it. */
export type Dialect = DialectTraits & Adapters;
