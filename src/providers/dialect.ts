import type { ProviderSettings } from '../catalog/model.js';
import type { DialectTraits } from '../catalog/dialect.js';
import type { ListedModel } from './discovery/listed-model.js';
import type { GuardedClient } from './http/guarded-client.js';
import type { EmbeddingProvider } from './embedding/embedding-provider.js';
import type { ImageFetch } from './image/image-fetch.js';
import type { FindUnsupported } from './unsupported.js';
import type { TextProvider } from './text/text-provider.js';
import type { VideoProvider } from './video/video-provider.js';

interface Adapter {
  /** @throws GatewayError 400, param `model`, for unknown options after the colon of a model's name. */
  readonly checkOptions?: (modelOptions: string) => void;
}

interface TextAdapter extends Adapter {
  /**
   * @param maxFrameBytes limit of one frame of a streamed answer; undefined: the dialect's own
   * @param images fetches the images that clients name by addresses, for services that fetch none
   */
  readonly connect: (
    settings: ProviderSettings,
    maxFrameBytes: number | undefined,
    images: ImageFetch,
  ) => TextProvider;
  /** What is written to a cache for an hour costs twice the input there, unless the operator names a price. */
  readonly doublesHourCache?: true;
  /** Whether a provider's services run tools of the Responses API by themselves; absent: none does. */
  readonly hostsTools?: (provider: ProviderSettings) => boolean;
  /** Absent: the wire can say everything. */
  readonly unsupported?: FindUnsupported;
}

interface VideoAdapter extends Adapter {
  /** @param elsewhere fetches content that is not at the provider's own address. */
  readonly connect: (settings: ProviderSettings, elsewhere: GuardedClient) => VideoProvider;
}

interface EmbeddingAdapter extends Adapter {
  readonly connect: (settings: ProviderSettings) => EmbeddingProvider;
}

/** The adapters for the providers of one type. */
export interface Adapters {
  readonly text: TextAdapter;
  /** Absent: these providers make no videos. */
  readonly video?: VideoAdapter;
  /** Absent: these providers make no embeddings. */
  readonly embedding?: EmbeddingAdapter;
  /** Absent: these providers cannot list their models. @throws UpstreamFailure, or the signal's own reason. */
  readonly listModels?: (provider: ProviderSettings, signal: AbortSignal) => Promise<readonly ListedModel[]>;
}

/** An upstream dialect: its traits for the configuration, and its adapters. */
export type Dialect = DialectTraits & Adapters;
