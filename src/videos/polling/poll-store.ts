import type { UpstreamJob, VideoProgress } from '../domain/video-job.js';

/** Pauses between polls, milliseconds. */
export interface PollPauses {
  /** After the first poll of a job that nobody watches; doubled with each one. */
  readonly firstMs: number;
  readonly longestMs: number;
}

export interface Watch {
  readonly videoId: string;
  readonly intervalMs: number;
}

/** A job that has been seen at its upstream. */
export interface Sighting {
  readonly status: 'queued' | 'processing';
  readonly progress: number;
}

/** Who polls which job when. All times are the database's. */
export abstract class PollStore {
  /** Takes at most `limit` jobs that are due: for `leaseMs` nobody else polls them. */
  abstract claim(limit: number, leaseMs: number): Promise<readonly UpstreamJob[]>;
  /** Milliseconds until the next job is due of those that nobody polls now; undefined when there is none. */
  abstract nextDueMs(): Promise<number | undefined>;
  /** Gives a claimed job back until its next poll. */
  abstract seen(id: string, sighting: Sighting, pauses: PollPauses): Promise<void>;
  /** The same when the upstream could not be asked. @returns for how long it has been failing, milliseconds. */
  abstract missed(id: string, pauses: PollPauses): Promise<number>;
  /** This process stops: what it has claimed is anybody's. */
  abstract giveBack(): Promise<void>;

  /** This process's clients watch these, for `validMs`; the next poll comes no later than their interval says. */
  abstract watch(watches: readonly Watch[], validMs: number): Promise<void>;
  abstract unwatch(videoIds: readonly string[]): Promise<void>;
  /** Forgets what clients of processes that died watched. */
  abstract forgetWatches(): Promise<void>;
  /** The videos of these ids that are still there, of whatever account. */
  abstract look(videoIds: readonly string[]): Promise<readonly VideoProgress[]>;
  /**
   * A client asks for this job now: its next poll comes at most so long after its last one.
   * @returns false when it would have come by then.
   */
  abstract hasten(id: string, intervalMs: number): Promise<boolean>;
}
