import type { Target } from '../../catalog/model.js';
import type { Trial } from './remedy.js';
import type { SpokenEvent } from '../../text/text-event.js';
import type { TextRequest } from './text-request.js';

/** One attempt of one request at one target. */
export interface TextAttempt {
  readonly request: TextRequest;
  /** Of a provider with several keys, its settings have the key for this attempt. */
  readonly target: Target;
  /** The same for all calls of a conversation, and for no other account's: see `affinityOf`. */
  readonly affinity: string;
  /** 1 for the first attempt. */
  readonly attempt: number;
  /** The remedy from an earlier attempt at this target. */
  readonly trial?: Trial | undefined;
  /** Aborted when the client left or the call was cut off; the upstream's socket must be closed at once. */
  readonly signal: AbortSignal;
  /** To be called when the request is about to be written to a connected socket: from here on it may cost money. */
  readonly onSent: () => void;
  /**
   * To be awaited before anything is sent. When it rejects, nothing may be sent, and the call fails with that reason.
   */
  readonly beforeSending?: (() => Promise<void>) | undefined;
}

/** An upstream dialect. One instance per configured provider, or per key of a provider that has several. */
export interface TextProvider {
  /**
   * Batches of events, one per upstream read; `opened` comes first.
   * @throws UpstreamFailure when the upstream refuses, breaks or is silent for too long.
   */
  generate(attempt: TextAttempt): AsyncIterable<readonly SpokenEvent[]>;

  /** Takes no more calls and resolves when the running ones have ended. */
  close(): Promise<void>;

  /** Aborts the calls that are still running. */
  destroy(): Promise<void>;
}
