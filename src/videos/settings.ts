/** How often and how long an upstream is asked for a job. */
export const POLL_SETTINGS = Symbol('poll settings');

export interface PollSettings {
  /** After the first poll of a job that nobody watches, milliseconds; doubled with each one. */
  readonly firstMs: number;
  readonly longestMs: number;
  /** How long the upstream may fail without interruption before the job does. */
  readonly giveUpMs: number;
  /** How long after its request a job may still be running. */
  readonly timeoutMs: number;
}

/** Base of every absolute URL, without a trailing slash. */
export const PUBLIC_URL = Symbol('public URL');

/** How long a client may leave what was sent to it untaken, milliseconds. */
export const STALL_MS = Symbol('stall milliseconds');

/** How long a video is kept after its end, milliseconds. */
export const KEEP_MS = Symbol('keep milliseconds');
