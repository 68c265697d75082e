import type { TextPricing, VideoPricing } from '../base/money/pricing.js';
import type { Profile } from './profile.js';

export type Wire = 'chat' | 'responses' | 'videos';

export interface ProviderSettings extends Profile {
  readonly id: string;
  /** The name of its dialect. */
  readonly type: string;
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
  /** Which of the models that it lists are offered beside those of the catalog; absent: none. */
  readonly discover?: DiscoverSettings;
}

/** What is offered of the models that an upstream lists. */
export interface DiscoverSettings {
  /** Public ids are this and the upstream's own name. */
  readonly prefix: string;
  /** Upstream names, in which `*` stands for any text; one of them must fit. */
  readonly include: readonly string[];
  readonly refreshMs: number;
  /** What all of them cost; or what each of those that are known costs, and the others are left out. */
  readonly pricing: TextPricing | 'free' | KnownModels;
  /** Where the upstream's list does not say it. */
  readonly contextWindow: number;
  /** Where the upstream's list does not say it; absent: as many as fit into the window. */
  readonly maxOutputTokens?: number;
}

/** What is known of a model by its name at its provider. */
export type KnownModel = Pick<
  TextModel,
  'contextWindow' | 'maxOutputTokens' | 'defaultOutputTokens' | 'pricing' | 'partTokens' | 'inputKinds'
>;

export type KnownModels = ReadonlyMap<string, KnownModel>;

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

/** What clients call a model. */
interface Names {
  /**
   * Public id, matched exactly. One that ends in `*` is a pass-through entry: it matches every longer name that begins
   * so, and the rest of the name goes to the upstream.
   */
  readonly id: string;
  /** Further names of the same model; a `*` at the end matches the rest. */
  readonly aliases?: readonly string[];
  /** For people. */
  readonly displayName?: string;
}

export interface TextModel extends Names {
  readonly kind: 'text';
  /** Of a model that stands for a name which was passed through: the id of its entry, which keys are allowed by. */
  readonly entryId?: string;
  readonly targets: readonly Target[];
  readonly contextWindow: number;
  readonly maxOutputTokens: number;
  /** What a call that sets no limit of its own is held for, and limited to; absent: `maxOutputTokens`. */
  readonly defaultOutputTokens?: number;
  /** The efforts that the model takes, weakest first; absent: whatever is asked for goes up. */
  readonly reasoningEfforts?: readonly ReasoningEffort[];
  /** Of a pass-through entry: the only names that it passes through, and what is known of each. */
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

/** Weakest first. */
export const REASONING_EFFORTS = ['none', 'minimal', 'low', 'medium', 'high', 'xhigh', 'max'] as const;

export type ReasoningEffort = (typeof REASONING_EFFORTS)[number];

/** The id of the catalog entry that a model is from: what `allowed_models` of a key names. */
export function entryIdOf(model: Model): string {
  return (model.kind === 'text' ? model.entryId : undefined) ?? model.id;
}
