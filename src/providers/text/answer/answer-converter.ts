import type { JsonObject } from '../../../base/json.js';
import type { SpokenEvent } from '../../../text/text-event.js';
import type { UpstreamFailure } from '../../upstream-failure.js';

/** Converts one answer to events: the frames of a stream, or the object of a whole answer, which counts as a frame. */
export interface AnswerConverter {
  /** @throws UpstreamFailure for a frame that no answer can have. */
  convert(frame: JsonObject, events: SpokenEvent[]): void;

  /** Whether a stream that ends here has ended properly. */
  readonly complete: boolean;

  /** Whether nothing more can come, so that a connection that breaks now loses nothing. */
  readonly whole: boolean;

  /** The events at the end of the answer. @throws UpstreamFailure for an answer that cannot end like this. */
  finish(events: SpokenEvent[]): void;
}

/** How a dialect reads the answers to one request. */
export interface AnswerReading {
  readonly newConverter: () => AnswerConverter;
  /** The failure that an object with a success status is in truth; undefined for an answer. */
  readonly failureIn: (frame: JsonObject, event: string) => UpstreamFailure | undefined;
  /** Whether a whole answer may also be the list of a stream's frames. */
  readonly takesLists?: boolean;
}
