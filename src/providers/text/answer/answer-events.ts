import type { JsonObject } from '../../../base/json.js';
import type { Answer } from '../../http/converse.js';
import { readWhole } from '../../http/read-body.js';
import type { SpokenEvent } from '../../../text/text-event.js';
import { UpstreamFailure } from '../../upstream-failure.js';
import type { AnswerReader } from './answer-reader.js';
import type { StreamStep } from './stream-reader.js';

/** Maximum number of events without content that wait for the first content. */
const MAX_WAITING_EVENTS = 1_024;
/** Maximum of the bytes that they came in: an event may hold a whole frame. */
const MAX_WAITING_BYTES = 1024 * 1024;

/**
 * `opened` is emitted with the first word, call or reasoning, so that a stream that is refused or breaks before any
 * of them may still be attempted again. Content before a failure is emitted before the failure is thrown, however the
 * bytes were cut. Closes the answer at its end.
 */
export async function* answerEvents(
  answer: Answer,
  opened: SpokenEvent,
  reader: AnswerReader,
): AsyncGenerator<readonly SpokenEvent[]> {
  let waiting: SpokenEvent[] | undefined = [opened];
  let waitingBytes = 0;
  try {
    for (;;) {
      let step: StreamStep;
      try {
        step = reader.accept(await answer.read());
      } catch (reason) {
        step = brokenBy(reason, reader);
      }
      const { events, ended, failure } = step;
      if (!waiting) {
        if (events.length > 0) yield events;
      } else {
        for (const event of events) waiting.push(event);
        if (events.length > 0) waitingBytes += reader.lastBytes;
        const isMuch = waiting.length > MAX_WAITING_EVENTS || waitingBytes > MAX_WAITING_BYTES;
        if (isMuch || events.some(isWord)) {
          yield waiting;
          waiting = undefined;
        }
      }
      if (failure) throw waiting ? beforeFirstWord(failure.reason) : failure.reason;
      if (ended) return;
    }
  } finally {
    answer.close();
  }
}

/** The events of an answer that is read as a whole: whatever is wrong with it, nothing of it was shown. */
export async function* wholeEvents(
  answer: Answer,
  opened: SpokenEvent,
  read: (body: Buffer) => readonly SpokenEvent[],
): AsyncGenerator<readonly SpokenEvent[]> {
  try {
    yield [opened, ...read(await readWhole(answer))];
  } catch (reason) {
    throw beforeFirstWord(reason);
  } finally {
    answer.close();
  }
}

/**
 * A broken or silent connection fails like a broken frame, unless the answer was complete. An aborted call just ends.
 */
function brokenBy(reason: unknown, reader: AnswerReader): StreamStep {
  return reason instanceof UpstreamFailure
    ? reader.broken(reason)
    : { events: [], ended: true, failure: { reason } };
}

/** Whether an event has content for the client: a role, fields and figures are none. */
function isWord(event: SpokenEvent): boolean {
  switch (event.type) {
    case 'opened':
    case 'frame':
    case 'start':
    case 'message':
    case 'usage':
    case 'usage_refused':
      return false;
    case 'text':
      return event.text !== '' || event.logprobs !== undefined || hasValue(event.extras?.message);
    default:
      return true;
  }
}

function hasValue(fields: JsonObject = {}): boolean {
  return Object.values(fields).some((value) => value !== null);
}

/** An answer that broke before any content was shown has cost the client nothing, so it is retryable. */
function beforeFirstWord(reason: unknown): unknown {
  if (!(reason instanceof UpstreamFailure) || reason.error.code !== 'upstream_error') return reason;
  return new UpstreamFailure(reason.error, { ...reason.options, retryable: true });
}
