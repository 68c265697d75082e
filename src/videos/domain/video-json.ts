import type { VideoError, VideoJob } from './video-job.js';
import type { VideoStatus } from './video-status.js';

/** Statuses on the wire. */
type ShownStatus = 'queued' | 'processing' | 'completed' | 'failed';

/** The job in the shape of the route that created it. @param url address of its content */
export function videoJson(job: VideoJob, url: string): object {
  return job.shape === 'openai' ? openaiVideo(job) : generation(job, url);
}

function generation(job: VideoJob, url: string): object {
  const { parameters, expiresAtMs } = job;
  return {
    id: job.id,
    object: 'video.generation',
    status: shownStatus(job.status),
    created: seconds(job.createdAtMs),
    model: job.model,
    progress: job.progress,
    prompt: parameters.prompt,
    duration: parameters.seconds ?? null,
    size: parameters.size ?? null,
    ...(parameters.aspectRatio !== undefined && { aspect_ratio: parameters.aspectRatio }),
    ...(job.status === 'completed' && { url }),
    ...(job.error && { error: job.error }),
    ...(expiresAtMs !== undefined && { expires_at: seconds(expiresAtMs) }),
    ...(job.remixedFrom !== undefined && { remixed_from_video_id: job.remixedFrom }),
  };
}

/** OpenAI's `video` with all of its fields. */
function openaiVideo(job: VideoJob): object {
  const { status, parameters, finishedAtMs, expiresAtMs } = job;
  const shown = shownStatus(status);
  return {
    id: job.id,
    object: 'video',
    model: job.model,
    status: shown === 'processing' ? 'in_progress' : shown,
    progress: job.progress,
    created_at: seconds(job.createdAtMs),
    completed_at: status === 'completed' && finishedAtMs !== undefined ? seconds(finishedAtMs) : null,
    expires_at: expiresAtMs === undefined ? null : seconds(expiresAtMs),
    prompt: parameters.prompt,
    size: parameters.size ?? null,
    seconds: parameters.seconds === undefined ? null : String(parameters.seconds),
    remixed_from_video_id: job.remixedFrom ?? null,
    error: job.error ?? null,
  };
}

/** The data of `compose.video.status`. */
export interface VideoStatusEvent {
  readonly jobId: string;
  readonly status: ShownStatus;
  readonly progress: number;
  readonly url?: string;
  readonly error?: VideoError;
}

export function videoStatusEvent({ id, status, progress, error }: VideoJob, url: string): VideoStatusEvent {
  return {
    jobId: id,
    status: shownStatus(status),
    progress,
    ...(status === 'completed' && { url }),
    ...(error && { error }),
  };
}

function shownStatus(status: VideoStatus): ShownStatus {
  return status === 'submitting' ? 'queued' : status;
}

function seconds(ms: number): number {
  return Math.floor(ms / 1000);
}
