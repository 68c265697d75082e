import type { Readable } from 'node:stream';
import type { Target, VideoModel } from '../../catalog/model.js';
import type { JsonObject } from '../../base/json.js';

/** An image of a type that providers accept, checked by its first bytes. */
export interface VideoImage {
  readonly bytes: Buffer;
  readonly mediaType: 'image/jpeg' | 'image/png' | 'image/webp';
}

/** One checked request for a video, in terms every dialect can convert from. One submission makes one video. */
export interface VideoSubmission {
  readonly model: VideoModel;
  /** Options after the colon of a sandbox model id; empty elsewhere. */
  readonly modelOptions: string;
  readonly prompt: string;
  /** Undefined only where the model has no list of durations: the provider decides. */
  readonly seconds: number | undefined;
  /** `WxH`, one of the model's sizes if it lists any; it is then also set for a requested aspect ratio. */
  readonly size?: string | undefined;
  /** `W:H`. */
  readonly aspectRatio?: string | undefined;
  readonly image?: VideoImage | undefined;
  readonly seed?: number | undefined;
  readonly negativePrompt?: string | undefined;
  /**
   * The client's names for two fields, for the `param` of a refusal; the other fields have the same name everywhere.
   */
  readonly names: { readonly seconds: string; readonly image: string };
  /** Our own id of the job; sent as the idempotency key, for upstreams that support one. */
  readonly reference: string;
  /** The `upstreamId` of the source, at the same provider. With it, only prompt and reference count. */
  readonly remixOf?: string | undefined;
}

export type VideoState = 'queued' | 'processing' | 'completed' | 'failed';

/** Why a job failed, in our own words, without any text of the upstream's. */
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
  /** Epoch milliseconds at which the upstream deletes the content. */
  readonly expiresAtMs?: number | undefined;
  /** Stored with a completed job and passed to `content`; never shown to clients. */
  readonly content?: JsonObject | undefined;
  /** An unknown state, which counts as processing: for the log, letters and digits only. */
  readonly unknownState?: string | undefined;
}

/** A submitted job, from its stored record. */
export interface UpstreamVideo {
  readonly target: Target;
  readonly upstreamId: string;
  /** The `content` of the completed snapshot. */
  readonly content?: JsonObject | undefined;
}

export type VideoVariant = 'video' | 'thumbnail';

export interface ContentRequest {
  readonly variant: VideoVariant;
  /** The client's `Range` header. A value that is not one range of bytes is ignored. */
  readonly range?: string | undefined;
  /** The client's `If-Range` header, which goes with a range. */
  readonly ifRange?: string | undefined;
}

/** The content's bytes, or the part of them that was asked for. */
export interface VideoContent {
  /** A 416 has no body; its `contentRange` has the whole length, if the upstream states it. */
  readonly status: 200 | 206 | 416;
  /** One of a few types of video and image: never HTML, SVG or anything else that a browser runs. */
  readonly contentType: string;
  /** Bytes of this body, if the upstream states it. */
  readonly contentLength?: number | undefined;
  readonly contentRange?: string | undefined;
  readonly etag?: string | undefined;
  readonly lastModified?: string | undefined;
  /**
   * Read with backpressure; destroy it when it is not wanted (a HEAD, a client that left). Ends with an error, an
   * UpstreamFailure, when the upstream breaks off, so a truncated video never looks whole.
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

  /** @returns `gone` when the content no longer exists. The signal applies to the body, too. */
  content(video: UpstreamVideo, request: ContentRequest, signal: AbortSignal): Promise<VideoContent | 'gone'>;

  /** Stops a running job and returns its new state. To be called only with `abilities.cancel`. */
  cancel(video: UpstreamVideo, signal: AbortSignal): Promise<VideoSnapshot | 'gone'>;

  /**
   * Removes a job that has ended, with its content, as far as the wire can; also succeeds when the job does not
   * exist.
   */
  remove(video: UpstreamVideo, signal: AbortSignal): Promise<void>;

  /** Takes no more calls and resolves when the running ones have ended. */
  close(): Promise<void>;

  /** Aborts the calls that are still running. */
  destroy(): Promise<void>;
}
