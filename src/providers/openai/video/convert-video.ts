import { isJsonObject, type JsonObject, type JsonValue } from '../../../base/json.js';
import { malformed } from '../../http/malformed.js';
import type { VideoFailure, VideoSnapshot } from '../../video/video-provider.js';
import { failureOf, mapState, progressOf } from '../../video/video-state.js';
import { isContentRefusal } from '../../error-words.js';

const ID = /^[A-Za-z0-9_.:=-]{1,512}$/;
const LEAST_SECONDS = 0.001;
const MAX_SECONDS = 86_400;

/** The job that a submission began. @throws UpstreamFailure when it has no id to find it by. */
export function convertSubmitted(video: JsonObject): VideoSnapshot {
  const { id, status } = video;
  if (typeof id !== 'string' || !isPathSegment(id)) throw malformed('a video without an id');
  // The job was accepted, whatever the rest of the answer looks like.
  if (typeof status !== 'string') return { upstreamId: id, state: 'queued' };
  return snapshot(video, id, status);
}

/** The current state of a job. @throws UpstreamFailure for anything but this job. */
export function convertVideo(video: JsonObject, upstreamId: string): VideoSnapshot {
  const { id, status } = video;
  if (id !== upstreamId) throw malformed('another video than the one that was asked for');
  if (typeof status !== 'string') throw malformed('a video without a status');
  return snapshot(video, upstreamId, status);
}

/** Dots alone would be a step in the path. */
function isPathSegment(id: string): boolean {
  return ID.test(id) && !/^\.{1,2}$/.test(id);
}

function snapshot(video: JsonObject, upstreamId: string, status: string): VideoSnapshot {
  const mapped = mapState(status);
  const ended = mapped.state === 'completed';
  return {
    upstreamId,
    ...mapped,
    ...(mapped.error?.code === 'upstream_error' && { error: reasonOf(video.error) }),
    progress: ended ? 100 : progressOf(video.progress),
    producedSeconds: ended ? secondsOf(video.seconds) : undefined,
    expiresAtMs: timeOf(video.expires_at),
  };
}

/** The reason of a failed job, which stands beside its state. */
function reasonOf(error: JsonValue | undefined): VideoFailure {
  const { code, type } = isJsonObject(error) ? error : {};
  if (isContentRefusal(code) || isContentRefusal(type)) return failureOf('content_filter');
  if (code === 'rate_limit_exceeded') return failureOf('rate_limit_exceeded');
  return failureOf('upstream_error');
}

/** `"8"` in the published shape, `8` elsewhere; to the millisecond, since it is multiplied by a price. */
function secondsOf(value: JsonValue | undefined): number | undefined {
  const seconds = typeof value === 'string' && /^\d{1,6}(\.\d{1,6})?$/.test(value) ? Number(value) : value;
  if (typeof seconds !== 'number' || !(seconds >= LEAST_SECONDS && seconds <= MAX_SECONDS)) return undefined;
  return Math.round(seconds * 1_000) / 1_000;
}

/** Epoch seconds to milliseconds. */
function timeOf(value: JsonValue | undefined): number | undefined {
  return typeof value === 'number' && value > 0 && value < 1e11 ? Math.round(value * 1_000) : undefined;
}
