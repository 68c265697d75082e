import type { InputPricing, TextPricing, VideoPricing } from '../base/money/pricing.js';
import type { Profile } from './profile.js';

export type Wire = 'chat' | 'responses' | 'embeddings' | 'videos';

/** One of several keys of a provider. */
export interface ProviderKey {
  readonly key: string;
  /** Absent: the provider's own. */
  readonly reasoningScope?: string;
}

export interface ProviderSettings extends Profile {
  readonly id: string;
  /** The name of its dialect. */
  readonly type: string;
  /** Without a trailing slash. */
  readonly baseUrl: string;
  /** Of an address at Azure with the deployment in its paths; absent for all other addresses. */
  readonly apiVersion?: string;
  /** The key that is sent; undefined for an upstream that needs none. Where there are several: see `withEachKey`. */
  readonly apiKey: string | undefined;
  /** All keys of a provider that has several, at most 64. */
  readonly apiKeys?: readonly ProviderKey[];
  /** Which of several keys `apiKey` is, from 1. */
  readonly keyNumber?: number;
  readonly wires: readonly Wire[];
  /** Time limit of the whole call. */
  readonly timeoutMs: number;
  readonly connectTimeoutMs: number;
  /** Streamed calls: time to the first byte of the body. */
  readonly firstByteTimeoutMs: number;
  /** Streamed calls: longest pause between two reads. */
  readonly silenceTimeoutMs: number;
  readonly backgroundTimeoutMs: number;
  readonly headers: Readonly<Record<string, string>>;
  /** Request fields outside the contract that may be forwarded. */
  readonly passFields: readonly string[];
  /** Its videos honour `Idempotency-Key`: a submission that is repeated with the same key begins no second job. */
  readonly idempotentVideos: boolean;
  /** Maximum number of sockets to this upstream. */
  readonly maxConnections: number;
  /** URL of the HTTP proxy on the way to it, which may carry a user and a password; undefined for none. */
  readonly proxy: string | undefined;
  /** Providers that accept each other's signatures (`src/text/signature.ts`) share one; absent: the id. */
  readonly reasoningScope?: string;
  /** Whether the gateway marks a prompt for the service's cache; absent: `auto`, where the wire has marks. */
  readonly cacheBreakpoints?: 'auto' | 'off';
  /** Whether the log also contains refusal messages that quote the request. */
  readonly logUpstreamMessages: boolean;
  /** Which of the models that it lists are offered beside those of the catalog; absent: none. */
  readonly discover?: DiscoverSettings;
}

/** Whose signatures a provider can open with the key of these settings. */
export function reasoningScopeOf({ id, reasoningScope }: ProviderSettings): string {
  return reasoningScope ?? id;
}

/** Which of an upstream's listed models are offered, and on what terms. */
export interface DiscoverSettings {
  /** A public id is this prefix and the upstream's own name. */
  readonly prefix: string;
  /** Patterns of upstream names, in which `*` stands for any text; a model must match one. */
  readonly include: readonly string[];
  readonly refreshMs: number;
  /** One price for all models; or the prices of the known models, and the others are left out. */
  readonly pricing: TextPricing | 'free' | KnownModels;
  /** Models that are known to make embeddings: lists often do not tell them from models for text. */
  readonly embeddings: KnownEmbeddings;
  /** For models whose window the upstream's list does not state. */
  readonly contextWindow: number;
  /** For models whose limit the upstream's list does not state; absent: as many as fit into the window. */
  readonly maxOutputTokens?: number;
}

/** The facts known of a model, by its name at its provider. */
export type KnownModel = Pick<
  TextModel,
  'contextWindow' | 'maxOutputTokens' | 'defaultOutputTokens' | 'pricing' | 'partTokens' | 'inputKinds'
>;

export type KnownModels = ReadonlyMap<string, KnownModel>;

/** The same of a model that makes embeddings. */
export type KnownEmbedding = Pick<EmbeddingModel, 'contextWindow' | 'pricing'>;

export type KnownEmbeddings = ReadonlyMap<string, KnownEmbedding>;

export interface Target {
  readonly provider: ProviderSettings;
  /** The model's name at the upstream. */
  readonly upstreamModel: string;
  /** Lower is tried first; equal priorities share by weight. */
  readonly priority: number;
  readonly weight: number;
}

/** What a model reads besides its instructions, as shown on its card. */
export type InputKind = 'text' | 'image' | 'audio' | 'file';

/** The names by which clients ask for a model. */
interface Names {
  /**
   * Public id, matched exactly. An id that ends in `*` is a pass-through entry: it matches every longer name with
   * this prefix, and the rest of the name goes to the upstream.
   */
  readonly id: string;
  /** Further names of the same model; a `*` at the end matches the rest. */
  readonly aliases?: readonly string[];
  /** A name for people to read. */
  readonly displayName?: string;
}

export interface TextModel extends Names {
  readonly kind: 'text';
  /** For a model with a passed-through name: the id of its entry, which the `allowed_models` of a key name. */
  readonly entryId?: string;
  readonly targets: readonly Target[];
  readonly contextWindow: number;
  readonly maxOutputTokens: number;
  /** The output limit, and the hold, of a call that sets no limit of its own; absent: `maxOutputTokens`. */
  readonly defaultOutputTokens?: number;
  /** The efforts that the model takes, weakest first; absent: any effort is forwarded. */
  readonly reasoningEfforts?: readonly ReasoningEffort[];
  /** How an Anthropic model is told to think; absent: as is known of its name at the provider. */
  readonly thinking?: ThinkingStyle;
  /** For a pass-through entry: the only names that it passes through, and what is known of each. */
  readonly known?: KnownModels;
  readonly pricing: TextPricing | 'free';
  /** Input tokens to hold for one part that is not text. */
  readonly partTokens: { readonly image: number; readonly audio: number; readonly file: number };
  /** Epoch seconds, as shown by `GET /models`. */
  readonly created: number;
  readonly ownedBy: string;
  /** Absent: text. */
  readonly inputKinds?: readonly InputKind[];
}

export interface VideoModel extends Names {
  readonly kind: 'video';
  readonly targets: readonly Target[];
  readonly pricing: VideoPricing | 'free';
  /**
   * Whole seconds of one video; the first is the default. Absent: the provider decides, and the price does not depend
   * on it.
   */
  readonly durations?: readonly number[];
  /** `WxH`; absent: the provider decides what it takes. */
  readonly sizes?: readonly string[];
  /** `W:H`; absent: the ratios of the sizes, or else those that the provider takes. */
  readonly aspectRatios?: readonly string[];
  /** Epoch seconds, as shown by `GET /models`. */
  readonly created: number;
  readonly ownedBy: string;
  /** Absent: text. */
  readonly inputKinds?: readonly InputKind[];
}

/** Makes a vector of numbers from each input. */
export interface EmbeddingModel extends Names {
  readonly kind: 'embedding';
  readonly targets: readonly Target[];
  /** Tokens of the longest single input. */
  readonly contextWindow: number;
  readonly pricing: InputPricing | 'free';
  /** Epoch seconds, as shown by `GET /models`. */
  readonly created: number;
  readonly ownedBy: string;
  /** Absent: text. */
  readonly inputKinds?: readonly InputKind[];
}

export type Model = TextModel | VideoModel | EmbeddingModel;

export const THINKING_STYLES = ['adaptive', 'budget', 'none'] as const;

/** With an effort, with a budget of tokens, or not at all. */
export type ThinkingStyle = (typeof THINKING_STYLES)[number];

/** Weakest first. */
export const REASONING_EFFORTS = ['none', 'minimal', 'low', 'medium', 'high', 'xhigh', 'max'] as const;

export type ReasoningEffort = (typeof REASONING_EFFORTS)[number];

/** The id of a model's catalog entry, which the `allowed_models` of a key name. */
export function entryIdOf(model: Model): string {
  return (model.kind === 'text' ? model.entryId : undefined) ?? model.id;
}
