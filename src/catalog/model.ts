import type { TextPricing, VideoPricing } from '../payments/domain/pricing.js';
import type { Profile } from './profile.js';

export type ProviderType = 'openai' | 'anthropic' | 'google' | 'sandbox';
export type Wire = 'chat' | 'responses' | 'videos';

export interface ProviderSettings extends Profile {
  readonly id: string;
  readonly type: ProviderType;
  /** Without a trailing slash. */
  readonly baseUrl: string;
  /** Undefined for an upstream that wants none. */
  readonly apiKey: string | undefined;
  readonly wires: readonly Wire[];
  /** Whole call. */
  readonly timeoutMs: number;
  readonly connectTimeoutMs: number;
  /** Streamed calls: time to the first byte of the body. */
  readonly firstByteTimeoutMs: number;
  /** Streamed calls: longest pause between two reads. */
  readonly silenceTimeoutMs: number;
  readonly backgroundTimeoutMs: number;
  readonly headers: Readonly<Record<string, string>>;
  /** Request fields outside the contract that may go up. */
  readonly passFields: readonly string[];
  /** Its videos honour `Idempotency-Key`: a submission that is sent again with the same one begins no second job. */
  readonly idempotentVideos: boolean;
  /** Sockets kept to this upstream at most. */
  readonly maxConnections: number;
  /** URL of the HTTP proxy on the way to it, which may carry a user and a password; undefined for none. */
  readonly proxy: string | undefined;
  /** Whether the log also has those messages of its refusals that quote the request. */
  readonly logUpstreamMessages: boolean;
}

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

export interface TextModel {
  readonly kind: 'text';
  /** Public id, matched exactly. */
  readonly id: string;
  readonly targets: readonly Target[];
  readonly contextWindow: number;
  readonly maxOutputTokens: number;
  readonly pricing: TextPricing | 'free';
  /** Input tokens to hold for one part that is not text. */
  readonly partTokens: { readonly image: number; readonly audio: number; readonly file: number };
  /** Epoch seconds, as shown by `GET /models`. */
  readonly created: number;
  readonly ownedBy: string;
  /** Absent: text. */
  readonly inputKinds?: readonly InputKind[];
}

export interface VideoModel {
  readonly kind: 'video';
  /** Public id, matched exactly. */
  readonly id: string;
  readonly targets: readonly Target[];
  readonly pricing: VideoPricing | 'free';
  /**
   * Whole seconds of one video; the first is what a request that names none gets. Absent: the provider decides, and
   * the price does not depend on it.
   */
  readonly durations?: readonly number[];
  /** `WxH`; absent: the provider decides what it takes. */
  readonly sizes?: readonly string[];
  /** `W:H`; absent: those of the sizes, or what the provider takes. */
  readonly aspectRatios?: readonly string[];
  /** Epoch seconds, as shown by `GET /models`. */
  readonly created: number;
  readonly ownedBy: string;
  /** Absent: text. */
  readonly inputKinds?: readonly InputKind[];
}

export type Model = TextModel | VideoModel;
