import type { JsonObject } from '../../../base/json.js';
import type { Answer } from '../../http/converse.js';
import type { SpokenEvent } from '../../../text/text-event.js';
import { UpstreamFailure } from '../../upstream-failure.js';
import type { AnswerReader } from './answer-reader.js';
import type { StreamStep } from './stream-reader.js';

/** Maximum number of events without content that wait for the first content. */
const MAX_WAITING_EVENTS = 1_024;

/**
 * `opened` is emitted with the first word, call or reasoning, so that a stream that is refused or breaks before any
 * of them may still be attempted again. Content before a failure is emitted before the failure is thrown, however the
 * bytes were cut.
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

/**
 * A broken or silent connection fails like a broken frame, unless the answer was complete. An aborted call just ends.
 */
async function nextStep(answer: Answer, reader: AnswerReader): Promise<StreamStep> {
  try {
    return reader.accept(await answer.read());
  } catch (reason) {
    return reason instanceof UpstreamFailure
      ? reader.broken(reason)
      : { events: [], ended: true, failure: { reason } };
  }
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

/** A stream that broke before any content has cost the client nothing, so it is retryable. */
function beforeFirstWord(reason: unknown): unknown {
  if (!(reason instanceof UpstreamFailure) || reason.error.code !== 'upstream_error') return reason;
  return new UpstreamFailure(reason.error, { ...reason.options, retryable: true });
}
