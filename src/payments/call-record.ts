import type { GatewayError } from '../base/errors/gateway-error.js';
import type { Measurement } from '../base/money/meter.js';

/** An item of a stored call; `json` is its text, kept to the letter. */
export interface RecordItem {
  readonly id: string;
  readonly json: string;
}

/** What is written in the statement that takes the hold. */
export interface RecordStart {
  readonly responseId: string;
  readonly status: 'queued' | 'in_progress';
  readonly model: string;
  readonly previousResponseId: string | undefined;
  /** The conversation that the call has locked: from here on the lock lasts as long as the hold. */
  readonly conversationId: string | undefined;
  readonly background: boolean;
  readonly streamed: boolean;
  /** What another process needs to run it. */
  readonly requestJson: string | undefined;
  readonly envelopeJson: string;
  readonly input: readonly RecordItem[];
  readonly createdAtMs: number;
  /** Nothing is kept of the call itself: only its conversation is written. */
  readonly transient?: boolean;
}

/** What is written in the statement that settles or releases the hold. */
export interface RecordEnd {
  readonly responseId: string;
  readonly status: string;
  readonly envelopeJson: string;
  /** For a transient call, its input comes first. */
  readonly output: readonly RecordItem[];
  /** The last entries of the event log of a background stream. */
  readonly events: readonly RecordEvent[];
  readonly conversation?: RecordConversation;
  readonly chat?: RecordChat;
}

/** The conversation whose lock ends with the call. */
export interface RecordConversation {
  readonly id: string;
  /** Whether input and output are added to it. */
  readonly appends: boolean;
  /** The call has no record, whose end would tell whether they were added before. */
  readonly transient: boolean;
}

/** What is kept of a chat call beside its Response. */
export interface RecordChat {
  /** The completion and the messages that it answers. */
  readonly json: string;
  readonly metadata: readonly (readonly [key: string, value: string])[];
}

export interface RecordEvent {
  readonly sequenceNumber: number;
  readonly type: string;
  readonly json: string;
}

export type Ending =
  | { readonly status: 'completed' }
  | { readonly status: 'failed'; readonly error: GatewayError }
  /** The client left, or asked for the end. */
  | { readonly status: 'cancelled' };

/** The record of one call. A call that is not stored has one too, which writes nothing. */
export interface CallRecord {
  /** Called once, before the hold is taken. */
  start(): RecordStart | undefined;
  /** Called once, when the run is over. Without a measurement nothing is charged. */
  end(ending: Ending, measurement: Measurement | undefined): RecordEnd | undefined;
  /**
   * Called in place of `end`, if the result of `end` could not be built or written. The result says that the call has
   * failed, and has nothing of its answer. Does not throw.
   */
  endWithout(error: GatewayError): RecordEnd | undefined;
  /** There is no hold, and so there will be no end. */
  refused?(): void;
}
