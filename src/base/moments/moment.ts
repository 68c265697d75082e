import type { ErrorCode } from '../errors/gateway-error.js';

/**
 * What ties the moments of one call together, and to its log lines, its answer and its receipt. Clients may choose the
 * request id, and send the same one twice; a socket has one for all of its responses.
 */
interface OfCall {
  readonly requestId: string;
  readonly responseId: string;
}

/** A paid call for text begins: its hold is about to be asked for. One of the last four types below ends it. */
export interface Received extends OfCall {
  readonly type: 'received';
  /** The exchange whose answer waits for the call's end; undefined when none does. Compare it, and keep nothing of it. */
  readonly exchange: object | undefined;
  /** Public model id without options. */
  readonly model: string;
  readonly streamed: boolean;
  readonly background: boolean;
}

/** Its hold was granted: it runs. */
export interface Held extends OfCall {
  readonly type: 'held';
  readonly keyId: string;
  readonly account: string;
  /** Atomic USDC, in decimal digits. */
  readonly amountAtomic: string;
}

interface Attempt extends OfCall {
  readonly provider: string;
  /** The model's name at the provider. */
  readonly upstreamModel: string;
  /** 1 for the first attempt to have one request answered; a call that compacts its context makes two requests. */
  readonly attempt: number;
}

export interface AttemptBegun extends Attempt {
  readonly type: 'attempt_begun';
}

export interface AttemptEnded extends Attempt {
  readonly type: 'attempt_ended';
  /** `abandoned`: the call ended meanwhile; its end may be told first. */
  readonly outcome: 'answered' | 'abandoned' | ErrorCode;
  readonly durationMs: number;
}

/** The model's first word has reached the gateway; of a whole answer, all of it. */
export interface FirstEvent extends OfCall {
  readonly type: 'first_event';
  /** Milliseconds since it was received. */
  readonly afterMs: number;
}

/**
 * The end of a call and of its money. `settled`: it was charged for. `released`: it was not, or somebody else has ended
 * its hold or will. `refused`: no hold was granted, and nothing ran.
 */
export interface CallEnded extends OfCall {
  readonly type: 'settled' | 'released' | 'refused';
  readonly exchange: object | undefined;
  readonly model: string;
  /** The catalog entry that the model is from: a name of the operator's, where `model` may be one of the client's. */
  readonly entryId: string;
  /** That answered, or else was expected to. */
  readonly provider: string;
  readonly outcome: 'completed' | 'cancelled' | 'failed' | 'refused';
  readonly code: ErrorCode | undefined;
  /** Both undefined when no hold was granted. */
  readonly keyId: string | undefined;
  readonly account: string | undefined;
  /** Undefined when nothing was to be charged. */
  readonly usage: Readonly<Record<TokenKind, number>> | undefined;
  /** Whether the usage was counted by the gateway. */
  readonly estimated: boolean;
  /** What was charged in atomic USDC, in decimal digits, and by which receipt. */
  readonly costAtomic: string | undefined;
  readonly receiptId: string | undefined;
  /** See `FirstEvent`. */
  readonly firstEventMs: number | undefined;
  /** From when it was received. */
  readonly durationMs: number;
}

export type TokenKind =
  'inputTokens' | 'cachedInputTokens' | 'cacheWriteTokens' | 'outputTokens' | 'reasoningTokens';

/** Another process runs the call now, and tells of its end. */
export interface Moved extends OfCall {
  readonly type: 'moved';
}

/** A request of any kind has had its answer. A paid call that it began may end before or after. */
export interface Answered {
  readonly type: 'answered';
  readonly exchange: object;
  readonly requestId: string;
  readonly surface: string;
  readonly method: string | undefined;
  /** Without its query. */
  readonly path: string;
  /** `left`: the client closed before it had everything. */
  readonly status: number | 'left';
  /** Of a refusal. */
  readonly code: ErrorCode | undefined;
  readonly durationMs: number;
}

interface OfVideo {
  readonly videoId: string;
}

/** A provider has been asked to make a video. `unknown`: it may have accepted. */
export interface VideoSubmitted extends OfVideo {
  readonly type: 'video_submitted';
  readonly outcome: 'accepted' | 'refused' | 'unknown';
}

/** A provider has been asked how far a video is. `missed`: it could not be asked. */
export interface VideoPolled extends OfVideo {
  readonly type: 'video_polled';
  readonly outcome: 'running' | 'completed' | 'failed' | 'missed';
}

/** Told by the process that brought it about. */
export interface VideoEnded extends OfVideo {
  readonly type: 'video_ended';
  readonly outcome: 'completed' | 'failed';
}

/** Something has changed in the database; other processes find it there. */
export interface VideoChanged extends OfVideo {
  readonly type: 'video_changed';
}

/** What happens in this process. Never a secret, a body or what a client or a model has said. */
export type Moment =
  | Received
  | Held
  | AttemptBegun
  | AttemptEnded
  | FirstEvent
  | CallEnded
  | Moved
  | Answered
  | VideoSubmitted
  | VideoPolled
  | VideoEnded
  | VideoChanged;
