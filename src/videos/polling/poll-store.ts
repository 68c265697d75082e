import type { UpstreamJob, VideoProgress } from '../domain/video-job.js';

/** Pauses between polls, milliseconds. */
export interface PollPauses {
  /** Pause after the first poll of an unwatched job; doubled with each poll. */
  readonly firstMs: number;
  readonly longestMs: number;
}

export interface Watch {
  readonly videoId: string;
  readonly intervalMs: number;
}

/** State of a job as its upstream reported it. */
export interface Sighting {
  readonly status: 'queued' | 'processing';
  readonly progress: number;
}

/** Decides which process polls which job, and when. All times are the database's. */
export abstract class PollStore {
  /** Claims at most `limit` due jobs; no other process polls them for `leaseMs`. */
  abstract claim(limit: number, leaseMs: number): Promise<readonly UpstreamJob[]>;
  /** Milliseconds until the next unclaimed job is due; undefined when there is none. */
  abstract nextDueMs(): Promise<number | undefined>;
  /** Gives a claimed job back until its next poll. */
  abstract seen(id: string, sighting: Sighting, pauses: PollPauses): Promise<void>;
  /** Like `seen`, when the upstream could not be asked. @returns how long it has been failing, milliseconds */
  abstract missed(id: string, pauses: PollPauses): Promise<number>;
  /** Gives up all claims of this process, because it stops. */
  abstract giveBack(): Promise<void>;

  /** This process's clients watch these videos for `validMs`; the next poll comes within their interval. */
  abstract watch(watches: readonly Watch[], validMs: number): Promise<void>;
  abstract unwatch(videoIds: readonly string[]): Promise<void>;
  /** Forgets the watches of clients whose process died. */
  abstract forgetWatches(): Promise<void>;
  /** The videos of these ids that still exist, of any account. */
  abstract look(videoIds: readonly string[]): Promise<readonly VideoProgress[]>;
  /**
   * A client asks for this job now: its next poll comes at most `intervalMs` after its last one.
   * @returns false when the poll was due by then anyway
   */
  abstract hasten(id: string, intervalMs: number): Promise<boolean>;
}
