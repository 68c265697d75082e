import { Readable } from 'node:stream';
import type { Target } from '../../catalog/model.js';
import { GatewayError } from '../../base/errors/gateway-error.js';
import { failureOfStatus } from '../map-status.js';
import { UpstreamFailure } from '../upstream-failure.js';
import { formatContentRange, partOf } from '../video/byte-range.js';
import { holds, rangeRequestOf } from '../video/range-request.js';
import type {
  ContentRequest,
  UpstreamVideo,
  VideoContent,
  VideoProvider,
  VideoSnapshot,
  VideoSubmission,
} from '../video/video-provider.js';
import { SANDBOX_THUMBNAIL, SANDBOX_VIDEO } from './sandbox-video-bytes.js';
import { parseSandboxVideoOptions } from './sandbox-video-options.js';

/** The whole state of a job is in its id, so every process can continue it. */
interface Script {
  readonly reference: string;
  readonly startedAtMs: number;
  readonly lengthMs: number;
  readonly seconds: number | undefined;
  readonly fails: boolean;
  readonly flakyPolls: number;
}

/** A job is queued for this part of its time. */
const QUEUED_PART = 0.1;
/** Jobs whose failing polls are counted; the oldest are forgotten. */
const MOST_COUNTED = 1_000;

/** Plays scripted jobs by the clock, without a network. */
export class SandboxVideoProvider implements VideoProvider {
  readonly abilities = { cancel: true, remix: true, variants: ['video', 'thumbnail'] } as const;
  private readonly failedPolls = new Map<string, number>();

  /** @param nowMs a clock in milliseconds. */
  constructor(private readonly nowMs: () => number) {}

  submit(submission: VideoSubmission, _target: Target, signal: AbortSignal): Promise<VideoSnapshot> {
    return answer(signal, () => {
      const { lengthMs, errorStatus, fails, flakyPolls } = parseSandboxVideoOptions(submission.modelOptions);
      if (errorStatus !== undefined) throw refusal(errorStatus);
      const { reference, seconds } = submission;
      const script: Script = { reference, startedAtMs: this.nowMs(), lengthMs, seconds, fails, flakyPolls };
      const upstreamId = Buffer.from(JSON.stringify(script)).toString('base64url');
      return lengthMs === 0
        ? this.snapshot(upstreamId, script)
        : { upstreamId, state: 'queued', progress: 0 };
    });
  }

  find({ upstreamId }: UpstreamVideo, signal: AbortSignal): Promise<VideoSnapshot> {
    return answer(signal, () => {
      const script = scriptOf(upstreamId);
      const failed = this.failedPolls.get(upstreamId) ?? 0;
      if (failed < script.flakyPolls) {
        this.countFailure(upstreamId, failed + 1);
        throw new UpstreamFailure(new GatewayError('upstream_error'), {
          retryable: true,
          targetFault: false,
        });
      }
      return this.snapshot(upstreamId, script);
    });
  }

  content(_video: UpstreamVideo, request: ContentRequest, signal: AbortSignal): Promise<VideoContent> {
    return answer(signal, () => {
      const isVideo = request.variant === 'video';
      const bytes = isVideo ? SANDBOX_VIDEO : SANDBOX_THUMBNAIL;
      const contentType = isVideo ? 'video/mp4' : 'image/jpeg';
      const { length } = bytes;
      const asked = rangeRequestOf(request);
      if (!asked || !holds(asked, {}))
        return { status: 200, contentType, contentLength: length, body: Readable.from([bytes]) };
      const part = partOf(asked.range, length);
      if (!part)
        return { status: 416, contentType, contentRange: `bytes */${length}`, body: Readable.from([]) };
      return {
        status: 206,
        contentType,
        contentLength: part.last - part.first + 1,
        contentRange: formatContentRange({ ...part, length }),
        body: Readable.from([bytes.subarray(part.first, part.last + 1)]),
      };
    });
  }

  cancel({ upstreamId }: UpstreamVideo, signal: AbortSignal): Promise<VideoSnapshot> {
    return answer(signal, () => {
      const now = this.snapshot(upstreamId, scriptOf(upstreamId));
      if (now.state === 'completed' || now.state === 'failed') return now;
      return {
        upstreamId,
        state: 'failed',
        error: { code: 'cancelled', message: 'The video was cancelled.' },
      };
    });
  }

  remove(): Promise<void> {
    return Promise.resolve();
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  destroy(): Promise<void> {
    return Promise.resolve();
  }

  private snapshot(upstreamId: string, { startedAtMs, lengthMs, seconds, fails }: Script): VideoSnapshot {
    const part = lengthMs === 0 ? 1 : (this.nowMs() - startedAtMs) / lengthMs;
    if (part < QUEUED_PART) return { upstreamId, state: 'queued', progress: 0 };
    if (part < 1) return { upstreamId, state: 'processing', progress: Math.floor(part * 100) };
    if (!fails)
      return { upstreamId, state: 'completed', progress: 100, producedSeconds: seconds, content: {} };
    return {
      upstreamId,
      state: 'failed',
      error: { code: 'sandbox_failure', message: 'The video failed, as its model name asks for.' },
    };
  }

  private countFailure(upstreamId: string, count: number): void {
    this.failedPolls.set(upstreamId, count);
    const [oldest] = this.failedPolls.keys();
    if (this.failedPolls.size > MOST_COUNTED && oldest !== undefined) this.failedPolls.delete(oldest);
  }
}

function scriptOf(upstreamId: string): Script {
  return JSON.parse(Buffer.from(upstreamId, 'base64url').toString()) as Script;
}

function refusal(status: number): UpstreamFailure {
  const { error, options } = failureOfStatus(status);
  return new UpstreamFailure(error, {
    ...options,
    retryable: status === 429,
    targetFault: false,
    ofKey: undefined,
    refused: true,
  });
}

/** Answers asynchronously, like a provider with a network. */
async function answer<Result>(signal: AbortSignal, say: () => Result): Promise<Result> {
  await Promise.resolve();
  signal.throwIfAborted();
  return say();
}
