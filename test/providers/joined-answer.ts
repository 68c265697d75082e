import type { JsonObject, JsonValue } from '../../src/base/json.js';
import { objectIn, objectsIn } from '../../src/base/json-fields.js';
import { UpstreamFailure } from '../../src/providers/upstream-failure.js';
import type { Extras, SpokenEvent, TextEvent } from '../../src/text/text-event.js';

/** What an answer with one choice says, its pieces joined. What was not said is not there. */
export interface JoinedAnswer {
  text?: string;
  reasoning?: string;
  signatures?: string[];
  annotations?: JsonObject[];
  logprobs?: JsonValue[];
  refusal?: string;
  /** Of the messages that have one. */
  phases?: string[];
  /** Items of tools that the service ran. */
  items?: JsonObject[];
  tool_calls?: JoinedCall[];
  finish?: string;
  /** Without the counts that are zero; `refused` where they cannot be believed. */
  usage?: JsonObject;
  /** Of the answer, its choice and its messages; of one name, the last. */
  extras?: Extras;
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
  if ('failure' in outcome) {
    if (!(outcome.failure instanceof UpstreamFailure)) throw outcome.failure;
    joined.error = outcome.failure.error.code;
  } else if (joined.finish === undefined) throw new Error('neither finished nor failed');
  return joined;
}

function join(joined: JoinedAnswer, event: SpokenEvent): void {
  if ('extras' in event) joined.extras = joinExtras(joined.extras, event.extras);
  if (joined.finish !== undefined) throw new Error(`${event.type} behind the finish`);
  if ('choice' in event && event.choice !== 0) throw new Error(`choice ${event.choice}`);
  switch (event.type) {
    case 'text':
      joined.text = (joined.text ?? '') + event.text;
      if (event.logprobs !== undefined)
        (joined.logprobs ??= []).push(...objectsIn(objectIn(event.logprobs)['content']));
      break;
    case 'reasoning':
    case 'reasoning_summary':
      joined.reasoning = (joined.reasoning ?? '') + event.text;
      break;
    case 'refusal':
      joined.refusal = (joined.refusal ?? '') + event.text;
      break;
    case 'message':
      if (event.phase) (joined.phases ??= []).push(event.phase);
      break;
    case 'item_end':
      (joined.items ??= []).push(event.item);
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
      joined.usage = { refused: true };
      break;
    case 'finish':
      joined.finish = event.reason;
      break;
    case 'opened':
    case 'start':
    case 'item_start':
    case 'item_stage':
      break;
    default:
      throw new Error(`unexpected ${event.type}`);
  }
}

function joinExtras(joined: Extras | undefined, { answer, choice, message }: Extras): Extras {
  return {
    ...joined,
    ...(answer && { answer: { ...joined?.answer, ...answer } }),
    ...(choice && { choice: { ...joined?.choice, ...choice } }),
    ...(message && { message: { ...joined?.message, ...message } }),
  };
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
