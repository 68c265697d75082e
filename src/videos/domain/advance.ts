import type { JsonObject } from '../../base/json.js';
import type { VideoError } from './video-job.js';
import { isTerminal, mayBecome, type VideoStatus } from './video-status.js';

/** The state of a job as the upstream reports it. */
export interface Reported {
  readonly state: 'queued' | 'processing' | 'completed' | 'failed';
  /** Percent. */
  readonly progress?: number | undefined;
  readonly error?: VideoError | undefined;
  readonly producedSeconds?: number | undefined;
  readonly expiresAtMs?: number | undefined;
  readonly content?: JsonObject | undefined;
}

/** The next state of the job. */
export type Advance =
  | { readonly to: 'queued' | 'processing'; readonly progress: number }
  | {
      readonly to: 'completed';
      readonly producedSeconds: number | undefined;
      readonly expiresAtMs: number | undefined;
      readonly content: JsonObject | undefined;
    }
  | { readonly to: 'failed'; readonly error: VideoError };

/** Highest progress of a job that is not completed, percent. */
const MOST_PROGRESS = 99;

const JOB_LOST: VideoError = {
  code: 'upstream_job_lost',
  message: "The model's provider no longer knows this video.",
};
const FAILED: VideoError = {
  code: 'upstream_error',
  message: "The model's provider failed to make the video.",
};

/** A job never goes back: an earlier status from the upstream is ignored, and the progress never falls. */
export function advance(
  job: { readonly status: VideoStatus; readonly progress: number },
  reported: Reported | 'gone',
): Advance {
  if (isTerminal(job.status)) throw new RangeError('a job that has ended does not change');
  if (reported === 'gone') return { to: 'failed', error: JOB_LOST };
  const { state, progress = 0, producedSeconds, expiresAtMs, content } = reported;
  if (state === 'completed') return { to: 'completed', producedSeconds, expiresAtMs, content };
  if (state === 'failed') return { to: 'failed', error: reported.error ?? FAILED };
  const to = mayBecome(job.status, state) || job.status === state ? state : 'processing';
  const percent = Number.isFinite(progress) ? Math.min(Math.max(Math.round(progress), 0), MOST_PROGRESS) : 0;
  return { to, progress: Math.max(percent, job.progress) };
}
