import type { Usage } from '../base/money/usage.js';
import type { JsonObject, JsonValue } from '../base/json.js';

export type FinishReason = 'stop' | 'length' | 'tool_calls' | 'content_filter' | 'function_call';

/**
 * Fields of an upstream's own object that the vocabulary does not name, kept for clients of the same wire. `answer`
 * holds top-level fields, `choice` those of the choice, `message` those of its delta or message.
 */
export interface Extras {
  readonly answer?: JsonObject;
  readonly choice?: JsonObject;
  readonly message?: JsonObject;
}

/** What a message is, for models that tell the two apart and need it back. */
export const PHASES = ['commentary', 'final_answer'] as const;

export type Phase = (typeof PHASES)[number];

export function phaseIn(value: JsonValue | undefined): Phase | undefined {
  return PHASES.find((phase) => phase === value);
}

/** Events between the first and the last one of a search of the web. */
export const SEARCH_STAGES = [
  'response.web_search_call.in_progress',
  'response.web_search_call.searching',
  'response.web_search_call.completed',
] as const;

export type SearchStage = (typeof SEARCH_STAGES)[number];

interface OfChoice {
  /** Index of the choice, 0 ≤ choice < n. */
  readonly choice: number;
  readonly extras?: Extras;
}

/**
 * An upstream's fields of a call beside its id, type, name and arguments, such as Google's `extra_content` with a
 * signature. Fields inside `function` or `custom` are under that name. The upstream needs them back with the call.
 */
export type CallFields = JsonObject;

/** Key, in stored calls and in calls of a history, of a call's fields and their provider: `{provider, fields}`. */
export const UPSTREAM_FIELDS = 'upstream_fields';

/**
 * The one vocabulary between every upstream dialect and every presenter. Streamed and whole answers give the same
 * events; a whole answer is one batch. A dialect never just ends an iteration without `finish` for a choice that it
 * began: that is an error, which it throws.
 */
export type TextEvent =
  /** The upstream accepted the request. First event of every answer; shown only in native headers. */
  | {
      readonly type: 'opened';
      readonly provider: string;
      /** Whose fields of calls and signatures they are, where providers share them; absent: the provider's alone. */
      readonly scope?: string;
      readonly upstreamModel: string;
      readonly attempts: number;
    }
  /** The choice begins (an upstream's role delta); optional, presenters also accept a choice that begins with content. */
  | ({ readonly type: 'start' } & OfChoice)
  /** A message of its own begins. Other APIs than Responses have one message for each choice. */
  | ({ readonly type: 'message'; readonly phase?: Phase } & OfChoice)
  | ({ readonly type: 'text'; readonly text: string; readonly logprobs?: JsonValue } & OfChoice)
  | ({ readonly type: 'refusal'; readonly text: string; readonly logprobs?: JsonValue } & OfChoice)
  /** Raw reasoning text, as `reasoning_content` on the chat wire. */
  | ({ readonly type: 'reasoning'; readonly text: string } & OfChoice)
  | ({ readonly type: 'reasoning_summary'; readonly text: string } & OfChoice)
  /** Ends the reasoning before it, which may have no text at all; `signature` is of `src/text/signature.ts`. */
  | ({ readonly type: 'reasoning_signature'; readonly signature: string } & OfChoice)
  | ({
      readonly type: 'tool_call_start';
      /** Position among the choice's calls, kept for all its deltas. */
      readonly index: number;
      readonly id: string;
      readonly name: string;
      readonly kind: 'function' | 'custom';
      readonly fields?: CallFields;
    } & OfChoice)
  /** A piece of the arguments (function) or input (custom); empty when only fields come. */
  | ({
      readonly type: 'tool_call_delta';
      readonly index: number;
      readonly arguments: string;
      readonly fields?: CallFields;
    } & OfChoice)
  /** A frame of the Messages wire with our signatures, for a client of that wire; the events that it means follow. */
  | ({ readonly type: 'frame'; readonly frame: JsonObject } & OfChoice)
  /** The service runs a tool by itself: an item of the Responses API with the service's own id, shown by no other API. */
  | ({ readonly type: 'item_start'; readonly index: number; readonly item: JsonObject } & OfChoice)
  /** The item has come to a stage that the published API has an event for. */
  | ({ readonly type: 'item_stage'; readonly index: number; readonly stage: SearchStage } & OfChoice)
  | ({ readonly type: 'item_end'; readonly index: number; readonly item: JsonObject } & OfChoice)
  | ({ readonly type: 'annotation'; readonly annotation: JsonObject } & OfChoice)
  | ({ readonly type: 'finish'; readonly reason: FinishReason } & OfChoice)
  | {
      readonly type: 'usage';
      readonly usage: Usage;
      /** The upstream's own usage object, with the counts that are charged. Absent when counted here. */
      readonly raw?: JsonObject;
      readonly estimated?: true;
      readonly extras?: Extras;
    };

/** The events of a dialect: the vocabulary, and a usage object with impossible figures. */
export type SpokenEvent = TextEvent | { readonly type: 'usage_refused' };
