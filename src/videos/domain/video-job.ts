import type { JsonObject } from '../../base/json.js';
import type { Receipt } from '../../base/money/receipt.js';
import type { WorkTerms } from '../../base/money/price.js';
import type { VideoStatus } from './video-status.js';

/** The route that a job came by decides how every route shows it. */
export type VideoShape = 'generation' | 'openai';

/** What was asked for. */
export interface VideoParameters {
  readonly prompt: string;
  /** Undefined where the upstream decides. */
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

/** What changes of a job as clients see it. */
export interface VideoProgress {
  readonly id: string;
  readonly status: VideoStatus;
  /** Whole percent; never falls. */
  readonly progress: number;
  readonly error: VideoError | undefined;
  readonly finishedAtMs: number | undefined;
  readonly expiresAtMs: number | undefined;
  /** Of a job that was charged for. */
  readonly receipt: Receipt | undefined;
}

/** A job as clients see it. */
export interface VideoJob extends VideoProgress {
  readonly shape: VideoShape;
  /** As the client named it, options of a sandbox id included. */
  readonly model: string;
  readonly parameters: VideoParameters;
  readonly remixedFrom: string | undefined;
  readonly createdAtMs: number;
}

/** What it takes to ask the upstream for a job, and to end it. None of it is ever shown. */
export interface UpstreamJob {
  readonly id: string;
  readonly status: VideoStatus;
  readonly progress: number;
  readonly accountId: string;
  readonly requestId: string;
  /** Configured id. */
  readonly provider: string;
  readonly upstreamModel: string;
  /** Undefined until the upstream has accepted it. */
  readonly upstreamId: string | undefined;
  /** What the upstream needs to be asked for the content. */
  readonly content: JsonObject | undefined;
  readonly terms: WorkTerms;
  /** The key's own chain. */
  readonly keyChainId: number | null;
  readonly createdAtMs: number;
}
