import type { JsonObject } from '../base/json.js';
import type { WorkTerms } from '../base/money/price.js';
import type { HoldGrant, HoldRefusal, Settlement } from '../payments/ledger.js';
import type { OnceKey } from '../payments/once/once-key.js';
import type { VideoStatus } from './domain/video-status.js';
import type { UpstreamJob, VideoError, VideoJob, VideoParameters, VideoShape } from './domain/video-job.js';
import type { Payer } from '../payments/payer.js';

/** What is stored together with the hold, before the upstream is asked. */
export interface VideoIntent {
  readonly id: string;
  readonly holdId: string;
  readonly payer: Payer;
  /** The key's rate limit has counted the request already. */
  readonly counted?: boolean;
  readonly requestId: string;
  readonly shape: VideoShape;
  /** As the client named it. */
  readonly model: string;
  readonly parameters: VideoParameters;
  /** One goes up with it; it is not stored. */
  readonly hasImage: boolean;
  readonly remixedFrom: string | undefined;
  /** The full price, atomic USDC. */
  readonly price: bigint;
  readonly terms: WorkTerms;
  readonly upstreamModel: string;
  readonly createdAtMs: number;
  /** Set when the request is to run once; with the status of its answer. */
  readonly once: (OnceKey & { readonly status: number }) | undefined;
}

/** A job whose upstream was asked, or was about to be, by a process that will never know the answer. */
export interface LostVideo {
  readonly id: string;
  readonly requestId: string;
  /** As the client named it. */
  readonly model: string;
  readonly parameters: VideoParameters;
  /** Of a remix: its source's name at the upstream. */
  readonly remixOf: string | undefined;
  /** Nothing of what went up is missing here. */
  readonly isWhole: boolean;
  /** Configured id. */
  readonly provider: string;
  readonly upstreamModel: string;
  /** Whether a provider may have been asked. */
  readonly isSent: boolean;
  /** Submissions so far. */
  readonly attempt: number;
  readonly createdAtMs: number;
}

/** What the upstream said when it accepted a job. */
export interface AcceptedVideo {
  readonly upstreamId: string;
  readonly status: 'queued' | 'processing';
  readonly progress: number;
  /** When it is to be asked again. */
  readonly nextPollMs: number;
}

/** The charge for a finished video; its price is covered by its hold. */
/** Its charge is covered by its hold, and so is known, with its receipt, before it is written. */
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

/** A video with what its upstream is asked with. */
export interface OwnedVideo {
  readonly shown: VideoJob;
  readonly upstream: UpstreamJob;
}

/**
 * Videos and their money. A job and its hold begin in one statement and end in one statement, exactly once, whoever
 * comes first: the methods that end one tell whether it was they.
 */
export abstract class VideoStore {
  /** Takes the hold and stores the intent, both or neither. Safe to repeat. */
  abstract submit(intent: VideoIntent): Promise<HoldGrant | HoldRefusal>;
  /** Stored before each attempt, with the mark that a provider may have been asked. @returns false when this process is not the one that submits the job any more. */
  abstract retarget(
    id: string,
    target: { provider: string; upstreamModel: string; attempt: number },
  ): Promise<boolean>;
  /** @returns false when the job has ended in the meantime. Safe to repeat. */
  abstract accept(id: string, accepted: AcceptedVideo): Promise<boolean>;
  /** Nothing began upstream: the hold is released and nothing is left of the job, unless another process submits it. */
  abstract withdraw(id: string): Promise<void>;
  /** Charges for it. */
  abstract complete(id: string, settlement: SignedVideo, result: VideoResult): Promise<boolean>;
  /** Releases its hold. */
  abstract fail(id: string, error: VideoError): Promise<boolean>;
  /** The same for a job that this process still submits; it stays as it is where another one does, or was accepted. */
  abstract failSubmission(id: string, error: VideoError): Promise<boolean>;
  /**
   * Makes this process the submitter of at most `limit` jobs that nobody submits any more: their process has died, or
   * it is this one, and they are not among those `underWay` here. Each is given to one process only.
   */
  abstract claimLost(underWay: readonly string[], limit: number): Promise<readonly LostVideo[]>;

  /** What belongs to another account is not there. */
  abstract find(accountId: string, id: string): Promise<OwnedVideo | undefined>;
  /** In the order in which they were made. An unknown `after` gives an empty page. */
  abstract page(accountId: string, request: VideoPageRequest): Promise<VideoPage>;
  /** Of jobs that have ended, prompt and content; the row stays for the books. @returns false when it was not there. */
  abstract erase(accountId: string, id: string): Promise<boolean>;
  /** How many have not ended, for each status that they may have. */
  abstract countRunning(): Promise<readonly { readonly status: VideoStatus; readonly count: number }[]>;
  /** Removes at most `limit` videos that ended before the time; their receipts stay. @returns how many. */
  abstract purge(before: Date, limit: number): Promise<number>;
}
