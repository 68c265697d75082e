import type { HeaderFields } from '../../streaming/presenter.js';

/** A part of a stream, by its place in the whole; characters as `string.length` counts them. */
export interface SharedFrames {
  readonly start: number;
  readonly frames: string;
  /** Of the whole answer. */
  readonly headers: HeaderFields;
}

/** What streams show while they run, for those who have joined them in other processes. */
export abstract class AnswerFrames {
  /** Says that somebody in this process follows the stream; for so many milliseconds. */
  abstract watch(responseId: string, ms: number): Promise<void>;
  abstract unwatch(responseId: string): Promise<void>;
  /** @returns those that somebody follows */
  abstract watched(responseIds: readonly string[]): Promise<readonly string[]>;
  /** Without effect when the call has ended, or the part is there. */
  abstract append(responseId: string, part: SharedFrames): Promise<void>;
  /** Parts that end behind `length` characters, in their order; not necessarily all. */
  abstract after(accountId: string, responseId: string, length: number): Promise<readonly SharedFrames[]>;
  /** Deletes all parts of the stream. */
  abstract remove(responseId: string): Promise<void>;
  /** Deletes what processes that died have left. */
  abstract purge(): Promise<void>;
}
