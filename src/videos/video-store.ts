import type { JsonObject } from '../base/json.js';
import type { WorkTerms } from '../base/money/price.js';
import type { HoldGrant, HoldRefusal, Settlement } from '../payments/ledger.js';
import type { OnceKey } from '../payments/once/once-key.js';
import type { VideoStatus } from './domain/video-status.js';
import type {
  UpstreamJob,
  UpstreamPlace,
  VideoError,
  VideoJob,
  VideoParameters,
  VideoShape,
} from './domain/video-job.js';
import type { Payer } from '../payments/payer.js';
import type { PaymentClaim } from '../payments/x402/payment.js';

/** The record that is stored with the hold, before the upstream is asked. */
export interface VideoIntent {
  readonly id: string;
  readonly holdId: string;
  readonly payer: Payer;
  /** Whether the key's rate limit has counted the request already. */
  readonly counted?: boolean;
  readonly requestId: string;
  readonly shape: VideoShape;
  /** As the client named it. */
  readonly model: string;
  readonly parameters: VideoParameters;
  /** Whether an image is sent with it; the image is not stored. */
  readonly hasImage: boolean;
  readonly remixedFrom: string | undefined;
  /** The full price, atomic USDC. */
  readonly price: bigint;
  readonly terms: WorkTerms;
  readonly upstreamModel: string;
  readonly createdAtMs: number;
  /** Set when the request must run only once; with the status of its answer. */
  readonly once: (OnceKey & { readonly status: number }) | undefined;
  /** The payment of a wallet, to claim together with the hold; its request runs only once. */
  readonly payment?: PaymentClaim | undefined;
}

/** A job whose upstream was asked, or was about to be, by a process that will never learn the answer. */
export interface LostVideo extends UpstreamPlace {
  readonly id: string;
  readonly requestId: string;
  /** As the client named it. */
  readonly model: string;
  readonly parameters: VideoParameters;
  /** For a remix, its source's name at the upstream. */
  readonly remixOf: string | undefined;
  /** Whether everything that was sent upstream is stored here. */
  readonly isWhole: boolean;
  /** Whether a provider may have been asked. */
  readonly isSent: boolean;
  /** Submissions so far. */
  readonly attempt: number;
  readonly createdAtMs: number;
}

/** The upstream's answer when it accepted a job. */
export interface AcceptedVideo {
  readonly upstreamId: string;
  readonly status: 'queued' | 'processing';
  readonly progress: number;
  /** Time until the first poll, milliseconds. */
  readonly nextPollMs: number;
}

/** The signed charge for a finished video. The hold covers it, so it is known, with its receipt, before the write. */
export interface SignedVideo extends Settlement {
  readonly signature: string;
}

export interface VideoResult {
  readonly content: JsonObject | undefined;
  readonly expiresAtMs: number | undefined;
}

export interface VideoPageRequest {
  readonly limit: number;
  readonly order: 'asc' | 'desc';
  /** Id of the last video of the page before. */
  readonly after: string | undefined;
}

export interface VideoPage {
  readonly videos: readonly VideoJob[];
  readonly hasMore: boolean;
}

/** A video with the data for asking its upstream. */
export interface OwnedVideo {
  readonly shown: VideoJob;
  readonly upstream: UpstreamJob;
}

/**
 * Videos with their holds and charges. A job and its hold begin in one statement and end in one statement, exactly
 * once, even when several processes try. A method that ends a job returns whether its call was the one that did.
 */
export abstract class VideoStore {
  /** Takes the hold and stores the intent: both or neither. Safe to repeat. */
  abstract submit(intent: VideoIntent): Promise<HoldGrant | HoldRefusal>;
  /**
   * Stores a target before its attempt, marked as possibly asked. @returns false when another process submits the job
   */
  abstract retarget(id: string, place: UpstreamPlace, attempt: number): Promise<boolean>;
  /** Stores the acceptance. Safe to repeat. @returns false when the job has ended already */
  abstract accept(id: string, accepted: AcceptedVideo): Promise<boolean>;
  /** Nothing began upstream: releases the hold and deletes the job, unless another process submits it. */
  abstract withdraw(id: string): Promise<void>;
  /** Completes the job and charges for it. */
  abstract complete(id: string, settlement: SignedVideo, result: VideoResult): Promise<boolean>;
  /** Fails the job and releases its hold. */
  abstract fail(id: string, error: VideoError): Promise<boolean>;
  /** Like `fail`, if this process still submits the job; not if another one does, or if the job was accepted. */
  abstract failSubmission(id: string, error: VideoError): Promise<boolean>;
  /**
   * Makes this process the submitter of at most `limit` jobs that nobody submits any more: their process has died, or
   * it is this process and they are not among its jobs `underWay`. Only one process gets each job.
   */
  abstract claimLost(underWay: readonly string[], limit: number): Promise<readonly LostVideo[]>;

  /** Does not find a video of another account. */
  abstract find(accountId: string, id: string): Promise<OwnedVideo | undefined>;
  /** In order of creation. An unknown `after` gives an empty page. */
  abstract page(accountId: string, request: VideoPageRequest): Promise<VideoPage>;
  /** Erases prompt and content of an ended job; the row stays for the books. @returns false when it did not exist */
  abstract erase(accountId: string, id: string): Promise<boolean>;
  /** Number of jobs that have not ended, for each status that they may have. */
  abstract countRunning(): Promise<readonly { readonly status: VideoStatus; readonly count: number }[]>;
  /** Removes at most `limit` videos that ended before the time; their receipts stay. @returns how many were removed */
  abstract purge(before: Date, limit: number): Promise<number>;
}
