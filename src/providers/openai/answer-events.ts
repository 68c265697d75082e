import type { JsonObject } from '../../base/json.js';
import type { Answer } from '../http/converse.js';
import type { SpokenEvent } from '../../text/text-event.js';
import { UpstreamFailure } from '../upstream-failure.js';
import type { AnswerReader } from './answer-reader.js';
import type { StreamStep } from './stream-reader.js';

/** Events without a word in them that wait for one at most. */
const MAX_WAITING_EVENTS = 1_024;

/**
 * `opened` travels with the first word, call or reasoning, so that a stream that is refused or breaks before it has
 * said anything is still an attempt that may be made again. What was said before a failure goes out before it is
 * thrown, however it was cut.
 */
export async function* answerEvents(
  answer: Answer,
  opened: SpokenEvent,
  reader: AnswerReader,
): AsyncGenerator<readonly SpokenEvent[]> {
  let waiting: SpokenEvent[] | undefined = [opened];
  for (;;) {
    const { events, ended, failure } = await nextStep(answer, reader);
    if (!waiting) {
      if (events.length > 0) yield events;
    } else {
      for (const event of events) waiting.push(event);
      if (events.some(isWord) || waiting.length > MAX_WAITING_EVENTS) {
        yield waiting;
        waiting = undefined;
      }
    }
    if (failure) throw waiting ? beforeFirstWord(failure.reason) : failure.reason;
    if (ended) return;
  }
}

/** A broken connection, or a silent one, fails like a broken frame, unless all was said. The end of a call is its end. */
async function nextStep(answer: Answer, reader: AnswerReader): Promise<StreamStep> {
  try {
    return reader.accept(await answer.read());
  } catch (reason) {
    return reason instanceof UpstreamFailure
      ? reader.broken(reason)
      : { events: [], ended: true, failure: { reason } };
  }
}

/** Whether a client is told something by it: a role, fields and figures say nothing. */
function isWord(event: SpokenEvent): boolean {
  switch (event.type) {
    case 'opened':
    case 'start':
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

/** A stream that broke before it said anything has cost its reader nothing. */
function beforeFirstWord(reason: unknown): unknown {
  if (!(reason instanceof UpstreamFailure) || reason.error.code !== 'upstream_error') return reason;
  return new UpstreamFailure(reason.error, { ...reason.options, retryable: true });
}
