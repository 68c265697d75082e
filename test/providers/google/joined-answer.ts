import type { JsonObject, JsonValue } from '../../../src/base/json.js';
import { UpstreamFailure } from '../../../src/providers/upstream-failure.js';
import type { SpokenEvent, TextEvent } from '../../../src/text/text-event.js';

/** What the first choice of an answer says, its pieces joined. What was not said is not there. */
export interface JoinedAnswer {
  text?: string;
  reasoning?: string;
  signatures?: string[];
  tool_calls?: JoinedCall[];
  annotations?: JsonObject[];
  logprobs?: JsonValue[];
  finish?: string;
  /** Without the counts that are zero. */
  usage?: JsonObject | 'refused';
  /** The code of the error at its end. */
  error?: string;
}

interface JoinedCall {
  readonly id: string;
  readonly name: string;
  arguments: string;
  readonly fields?: JsonObject;
}

/** @throws when events come in an order that they must not come in, or the failure is none of an upstream */
export function joinedAnswer(outcome: {
  readonly events: readonly SpokenEvent[];
  readonly failure?: unknown;
}): JoinedAnswer {
  const joined: JoinedAnswer = {};
  for (const event of outcome.events) join(joined, event);
  if (outcome.failure !== undefined) {
    if (!(outcome.failure instanceof UpstreamFailure))
      throw new Error('no failure of an upstream', { cause: outcome.failure });
    joined.error = outcome.failure.error.code;
  } else if (joined.finish === undefined) throw new Error('neither finished nor failed');
  return joined;
}

function join(joined: JoinedAnswer, event: SpokenEvent): void {
  if (joined.finish !== undefined) throw new Error(`${event.type} behind the finish`);
  switch (event.type) {
    case 'text':
      joined.text = (joined.text ?? '') + event.text;
      if (event.logprobs !== undefined)
        (joined.logprobs ??= []).push(...((event.logprobs as JsonObject)['content'] as JsonValue[]));
      break;
    case 'reasoning':
      joined.reasoning = (joined.reasoning ?? '') + event.text;
      break;
    case 'reasoning_signature':
      (joined.signatures ??= []).push(event.signature);
      break;
    case 'annotation':
      (joined.annotations ??= []).push(event.annotation);
      break;
    case 'tool_call_start':
    case 'tool_call_delta':
      joinCall((joined.tool_calls ??= []), event);
      break;
    case 'usage':
      joined.usage = Object.fromEntries(Object.entries(event.usage).filter(([, count]) => count > 0));
      break;
    case 'usage_refused':
      joined.usage = 'refused';
      break;
    case 'finish':
      joined.finish = event.reason;
      break;
    case 'opened':
    case 'start':
      break;
    default:
      throw new Error(`unexpected ${event.type}`);
  }
}

function joinCall(
  calls: JoinedCall[],
  event: Extract<TextEvent, { type: 'tool_call_start' | 'tool_call_delta' }>,
): void {
  if (event.type === 'tool_call_start') {
    if (event.index !== calls.length) throw new Error(`call ${event.index} starts after ${calls.length}`);
    // The gateway makes another one each time.
    const id = /^call_[0-9a-f]{32}$/.test(event.id) ? 'made' : event.id;
    calls.push({ id, name: event.name, arguments: '', ...(event.fields && { fields: event.fields }) });
  } else calls[event.index]!.arguments += event.arguments;
}
