import type { Target } from '../../catalog/model.js';
import type { MessagesCall } from '../../text/prompt.js';
import type { Attempt } from '../attempt.js';
import type { SpokenEvent } from '../../text/text-event.js';
import type { TextRequest } from './text-request.js';

/** One attempt of one request for text at one target. */
export interface TextAttempt extends Attempt {
  readonly request: TextRequest;
  /** The same for all calls of a conversation, and for no other account's: see `affinityOf`. */
  readonly affinity: () => string;
}

/** A prompt that is counted at one target; the body may be of a call that wants no answer, without a limit. */
export interface CountAttempt {
  readonly call: MessagesCall;
  readonly account: string;
  readonly target: Target;
  readonly signal: AbortSignal;
  readonly timeoutMs: number;
}

/** An upstream dialect. One instance per configured provider, or per key of a provider that has several. */
export interface TextProvider {
  /**
   * Batches of events, one per upstream read; `opened` comes first.
   * @throws UpstreamFailure when the upstream refuses, breaks or is silent for too long.
   */
  generate(attempt: TextAttempt): AsyncIterable<readonly SpokenEvent[]>;

  /**
   * Input tokens, counted by the service for nothing. Absent: its services count none.
   * @throws UpstreamFailure
   */
  countTokens?(attempt: CountAttempt): Promise<number>;

  /** Takes no more calls and resolves when the running ones have ended. */
  close(): Promise<void>;

  /** Aborts the calls that are still running. */
  destroy(): Promise<void>;
}
