import type { ErrorCode } from '../errors/gateway-error.js';

/**
 * Ids that connect the moments of one call with each other and with its log lines, answer and receipt. A client may
 * choose the request id and repeat it; a socket has one request id for all of its responses.
 */
interface OfCall {
  readonly requestId: string;
  readonly responseId: string;
}

/** A paid call for text or embeddings begins, before it asks for its hold. One of the last four types below ends it. */
export interface Received extends OfCall {
  readonly type: 'received';
  /** The exchange whose answer waits for the call's end, if any. Use it only for comparison; keep nothing from it. */
  readonly exchange: object | undefined;
  /** Public model id without options. */
  readonly model: string;
  readonly streamed: boolean;
  readonly background: boolean;
}

/** The call's hold was granted, and it runs. */
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
  /** Which of the provider's keys, from 1; undefined where it has only one. */
  readonly keyNumber: number | undefined;
  /** 1 for the first attempt at one request. A call that compacts its context makes two requests. */
  readonly attempt: number;
}

export interface AttemptBegun extends Attempt {
  readonly type: 'attempt_begun';
}

export interface AttemptEnded extends Attempt {
  readonly type: 'attempt_ended';
  /** `abandoned`: the call ended meanwhile; its end may be published first. */
  readonly outcome: 'answered' | 'abandoned' | ErrorCode;
  /** The input as the provider has counted it; undefined where it has not. */
  readonly input: Readonly<Record<'inputTokens' | 'cachedInputTokens', number>> | undefined;
  readonly durationMs: number;
}

/** The model's first word has reached the gateway; for a whole answer, all of it. */
export interface FirstEvent extends OfCall {
  readonly type: 'first_event';
  /** Milliseconds since the call was received. */
  readonly afterMs: number;
}

/**
 * The end of a call and of its hold. `settled`: it was charged. `released`: it was not charged, or another process has
 * ended its hold or will. `refused`: no hold was granted, and nothing ran.
 */
export interface CallEnded extends OfCall {
  readonly type: 'settled' | 'released' | 'refused';
  readonly exchange: object | undefined;
  readonly model: string;
  /** The model's catalog entry, which the operator names; `model` may be a name of the client's. */
  readonly entryId: string;
  /** The provider that answered, or else the expected one. */
  readonly provider: string;
  readonly outcome: 'completed' | 'cancelled' | 'failed' | 'refused';
  readonly code: ErrorCode | undefined;
  /** Both undefined when no hold was granted. */
  readonly keyId: string | undefined;
  readonly account: string | undefined;
  /** Undefined when there was nothing to charge. */
  readonly usage: Readonly<Record<TokenKind, number>> | undefined;
  /** Whether the gateway counted the usage itself. */
  readonly estimated: boolean;
  /** The charge in atomic USDC, in decimal digits, and the id of its receipt. */
  readonly costAtomic: string | undefined;
  readonly receiptId: string | undefined;
  /** See `FirstEvent`. */
  readonly firstEventMs: number | undefined;
  /** Milliseconds since the call was received. */
  readonly durationMs: number;
}

export type TokenKind =
  'inputTokens' | 'cachedInputTokens' | 'cacheWriteTokens' | 'outputTokens' | 'reasoningTokens';

/** Another process runs the call now, and will publish its end. */
export interface Moved extends OfCall {
  readonly type: 'moved';
}

/** A request of any kind was answered. A paid call that it began may end before or after that. */
export interface Answered {
  readonly type: 'answered';
  readonly exchange: object;
  readonly requestId: string;
  readonly surface: string;
  readonly method: string | undefined;
  /** Path without its query. */
  readonly path: string;
  /** `left`: the client closed the connection before it had everything. */
  readonly status: number | 'left';
  /** Error code of a refusal. */
  readonly code: ErrorCode | undefined;
  readonly durationMs: number;
}

interface OfVideo {
  readonly videoId: string;
}

/** A provider was asked to make a video. `unknown`: it may have accepted. */
export interface VideoSubmitted extends OfVideo {
  readonly type: 'video_submitted';
  readonly outcome: 'accepted' | 'refused' | 'unknown';
}

/** A provider was asked for the state of a video. `missed`: it could not be asked. */
export interface VideoPolled extends OfVideo {
  readonly type: 'video_polled';
  readonly outcome: 'running' | 'completed' | 'failed' | 'missed';
}

/** A video has ended; published by the process that ended it. */
export interface VideoEnded extends OfVideo {
  readonly type: 'video_ended';
  readonly outcome: 'completed' | 'failed';
}

/** A video has changed in the database, where other processes find the change. */
export interface VideoChanged extends OfVideo {
  readonly type: 'video_changed';
}

/** What the signer of payments by wallets has for gas. */
export interface GasSeen {
  readonly type: 'gas_seen';
  readonly chainId: number;
  /** The chain's smallest unit. */
  readonly balance: bigint;
}

/** What happens in this process. Never holds a secret, a body, or words of a client or a model. */
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
  | VideoChanged
  | GasSeen;
