import type { Readable } from 'node:stream';
import type { Target, VideoModel } from '../../catalog/model.js';
import type { JsonObject } from '../../base/json.js';

/** Bytes of a kind that providers take, checked by what they begin with. */
export interface VideoImage {
  readonly bytes: Buffer;
  readonly mediaType: 'image/jpeg' | 'image/png' | 'image/webp';
}

/** One checked request for a video, in terms every dialect can convert from. One submission makes one video. */
export interface VideoSubmission {
  readonly model: VideoModel;
  /** What follows the colon of a sandbox model id; empty elsewhere. */
  readonly modelOptions: string;
  readonly prompt: string;
  /** Undefined only where the model has no list of durations: the provider decides. */
  readonly seconds: number | undefined;
  /** `WxH`, one of the model's sizes if it lists any; where it does, also for an aspect ratio that was asked for. */
  readonly size?: string | undefined;
  /** `W:H`. */
  readonly aspectRatio?: string | undefined;
  readonly image?: VideoImage | undefined;
  readonly seed?: number | undefined;
  readonly negativePrompt?: string | undefined;
  /** How the client calls two of its fields; the others are called the same everywhere. For the `param` of a refusal. */
  readonly names: { readonly seconds: string; readonly image: string };
  /** Our own id of the job; goes up as the idempotency key, for upstreams that know one. */
  readonly reference: string;
  /** The source's `upstreamId`, at the same provider. Only prompt and reference count besides it. */
  readonly remixOf?: string | undefined;
}

export type VideoState = 'queued' | 'processing' | 'completed' | 'failed';

/** Why a job failed, in words of our own: nothing that the upstream wrote is in it. */
export interface VideoFailure {
  /** An upstream state such as `cancelled`, `expired` or `rejected`, or `content_filter`, or `upstream_error`. */
  readonly code: string;
  readonly message: string;
}

/** A job as its upstream sees it now. */
export interface VideoSnapshot {
  /** At most 512 characters; never shown to clients. */
  readonly upstreamId: string;
  readonly state: VideoState;
  /** Whole percent, 0 to 100; absent where the upstream does not tell. */
  readonly progress?: number | undefined;
  /** Present exactly when `state` is failed. */
  readonly error?: VideoFailure | undefined;
  /** Seconds of the finished video; absent where the upstream does not tell. */
  readonly producedSeconds?: number | undefined;
  /** Epoch milliseconds at which the upstream throws the content away. */
  readonly expiresAtMs?: number | undefined;
  /** To be stored with a completed job and given back to `content`; never shown to clients. */
  readonly content?: JsonObject | undefined;
  /** A state that is not known here and counts as processing: for the log, letters and digits only. */
  readonly unknownState?: string | undefined;
}

/** A submitted job, from what was stored of it. */
export interface UpstreamVideo {
  readonly target: Target;
  readonly upstreamId: string;
  /** Of the snapshot that was completed. */
  readonly content?: JsonObject | undefined;
}

export type VideoVariant = 'video' | 'thumbnail';

export interface ContentRequest {
  readonly variant: VideoVariant;
  /** The client's `Range` header. Whatever is not one range of bytes is answered as if it were absent. */
  readonly range?: string | undefined;
  /** The client's `If-Range` header, which goes with a range. */
  readonly ifRange?: string | undefined;
}

/** Bytes, or the part of them that was asked for. */
export interface VideoContent {
  /** 416 has no body, and a `contentRange` that names the whole length, if the upstream says it. */
  readonly status: 200 | 206 | 416;
  /** One of a few types of video and image: never HTML, SVG or anything else that a browser runs. */
  readonly contentType: string;
  /** Bytes of this body, if the upstream says so. */
  readonly contentLength?: number | undefined;
  readonly contentRange?: string | undefined;
  readonly etag?: string | undefined;
  readonly lastModified?: string | undefined;
  /**
   * Read with backpressure; destroy it when it is not wanted (a HEAD, a client that left). Ends with an error, an
   * UpstreamFailure, when the upstream breaks off, so a shortened video never looks whole.
   */
  readonly body: Readable;
}

/** What an upstream's wire can do besides making a video. */
export interface VideoAbilities {
  /** A running job can be stopped. */
  readonly cancel: boolean;
  readonly remix: boolean;
  readonly variants: readonly VideoVariant[];
}

/**
 * An upstream dialect for videos. One instance per configured provider. Every method throws UpstreamFailure when the
 * upstream refuses, breaks or is silent for too long, and the signal's own reason (no UpstreamFailure) when `signal`
 * is aborted, which closes the socket.
 */
export interface VideoProvider {
  readonly abilities: VideoAbilities;

  /**
   * One attempt of one submission at one target. A job may have begun unless it throws a failure that is
   * `UpstreamFailure.options.refused`; `retryable` is true only for a connect failure and a 429.
   */
  submit(submission: VideoSubmission, target: Target, signal: AbortSignal): Promise<VideoSnapshot>;

  /** @returns `gone` when the upstream knows nothing of this job (any more). */
  find(video: UpstreamVideo, signal: AbortSignal): Promise<VideoSnapshot | 'gone'>;

  /** @returns `gone` when the content is there no more. The signal counts for the body, too. */
  content(video: UpstreamVideo, request: ContentRequest, signal: AbortSignal): Promise<VideoContent | 'gone'>;

  /** Stops a running job: the state after it. To be called only with `abilities.cancel`. */
  cancel(video: UpstreamVideo, signal: AbortSignal): Promise<VideoSnapshot | 'gone'>;

  /** Removes a job that has ended, with its content, as far as the wire can; done too when it is not there. */
  remove(video: UpstreamVideo, signal: AbortSignal): Promise<void>;

  /** Takes no more calls and resolves when the running ones have ended. */
  close(): Promise<void>;

  /** Breaks what is still running. */
  destroy(): Promise<void>;
}
