import type { JsonObject } from '../../base/json.js';

/** A block of a Message, as it begins. */
export type StartedBlock =
  | { readonly type: 'text'; readonly text: '' }
  | { readonly type: 'thinking'; readonly thinking: ''; readonly signature: '' }
  | { readonly type: 'tool_use'; readonly id: string; readonly name: string; readonly input: JsonObject };

export type BlockDelta =
  | { readonly type: 'text_delta'; readonly text: string }
  | { readonly type: 'thinking_delta'; readonly thinking: string }
  | { readonly type: 'signature_delta'; readonly signature: string }
  | { readonly type: 'input_json_delta'; readonly partial_json: string };

/** The events of a stream between `message_start` and `message_delta`. */
export type BlockEvent =
  | { readonly type: 'content_block_start'; readonly index: number; readonly content_block: StartedBlock }
  | { readonly type: 'content_block_delta'; readonly index: number; readonly delta: BlockDelta }
  | { readonly type: 'content_block_stop'; readonly index: number };

const BLOCK_EVENTS: ReadonlySet<string> = new Set([
  'content_block_start',
  'content_block_delta',
  'content_block_stop',
]);

export function isBlockEvent(event: { readonly type: string }): event is BlockEvent {
  return BLOCK_EVENTS.has(event.type);
}

export type StopReason = 'end_turn' | 'max_tokens' | 'tool_use' | 'refusal';
