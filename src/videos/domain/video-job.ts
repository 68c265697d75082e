import type { JsonObject } from '../../base/json.js';
import type { Receipt } from '../../base/money/receipt.js';
import type { WorkTerms } from '../../base/money/price.js';
import type { VideoStatus } from './video-status.js';

/** The route that created a job decides how every route shows it. */
export type VideoShape = 'generation' | 'openai';

/** The parameters that the client asked for. */
export interface VideoParameters {
  readonly prompt: string;
  /** Undefined if the upstream decides. */
  readonly seconds?: number | undefined;
  /** `WxH` */
  readonly size?: string | undefined;
  /** `W:H` */
  readonly aspectRatio?: string | undefined;
  readonly seed?: number | undefined;
  readonly negativePrompt?: string | undefined;
}

export interface VideoError {
  readonly code: string;
  readonly message: string;
}

/** The part of a job that changes, as clients see it. */
export interface VideoProgress {
  readonly id: string;
  readonly status: VideoStatus;
  /** Whole percent; never falls. */
  readonly progress: number;
  readonly error: VideoError | undefined;
  readonly finishedAtMs: number | undefined;
  readonly expiresAtMs: number | undefined;
  /** The receipt of a job that was charged. */
  readonly receipt: Receipt | undefined;
}

/** A job as clients see it. */
export interface VideoJob extends VideoProgress {
  readonly shape: VideoShape;
  /** Name as the client sent it, options of a sandbox id included. */
  readonly model: string;
  readonly parameters: VideoParameters;
  readonly remixedFrom: string | undefined;
  readonly createdAtMs: number;
}

/** The amount that a wallet has agreed to pay, and what moved it, if it has moved. */
export interface VideoPayment {
  /** Atomic USDC. */
  readonly authorised: bigint;
  readonly transactionHash: string | undefined;
}

/** Where a job is, or is to be. */
export interface UpstreamPlace {
  /** Configured id. */
  readonly provider: string;
  readonly upstreamModel: string;
  /** Which of the provider's keys knows the job (`markOf`); undefined where it had only one. */
  readonly upstreamKey: string | undefined;
}

/** Data for asking the upstream about a job, and for ending it. Never shown. */
export interface UpstreamJob extends UpstreamPlace {
  readonly id: string;
  readonly status: VideoStatus;
  readonly progress: number;
  readonly accountId: string;
  readonly requestId: string;
  /** Undefined until the upstream has accepted it. */
  readonly upstreamId: string | undefined;
  /** Data that the upstream needs to find the content. */
  readonly content: JsonObject | undefined;
  readonly terms: WorkTerms;
  /** The payment of a wallet. */
  readonly payment: VideoPayment | undefined;
  /** The key's own chain. */
  readonly keyChainId: number | null;
  readonly createdAtMs: number;
}
