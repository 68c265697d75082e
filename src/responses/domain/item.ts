import type { JsonObject, JsonValue } from '../../base/json.js';
import type { Phase } from '../../text/text-event.js';

export type ItemStatus = 'in_progress' | 'completed' | 'incomplete';

export interface OutputTextPart {
  readonly type: 'output_text';
  readonly text: string;
  readonly annotations: readonly JsonObject[];
  readonly logprobs: readonly JsonValue[];
}

export interface RefusalPart {
  readonly type: 'refusal';
  readonly refusal: string;
}

export type MessagePart = OutputTextPart | RefusalPart;

export interface MessageItem {
  readonly type: 'message';
  readonly id: string;
  readonly status: ItemStatus;
  readonly role: 'assistant';
  readonly content: readonly MessagePart[];
  readonly phase?: Phase;
}

export interface FunctionCallItem {
  readonly type: 'function_call';
  readonly id: string;
  readonly call_id: string;
  readonly name: string;
  readonly arguments: string;
  readonly status: ItemStatus;
  /** Set for a tool that was declared inside a `namespace` tool. */
  readonly namespace?: string;
}

export interface CustomToolCallItem {
  readonly type: 'custom_tool_call';
  readonly id: string;
  readonly call_id: string;
  readonly name: string;
  readonly input: string;
  readonly status: ItemStatus;
  /** Set for a tool that was declared inside a `namespace` tool. */
  readonly namespace?: string;
}

/** The fields of a call of a client-run tool; its type decides which of them are present. */
export interface ClientCallFields {
  readonly execution?: 'client';
  readonly arguments?: JsonValue;
  readonly action?: JsonObject;
  readonly actions?: readonly JsonObject[];
  readonly environment?: JsonObject;
  readonly operation?: JsonObject;
  readonly pending_safety_checks?: readonly JsonObject[];
}

/** A call of a tool that the client runs and knows by the type of the item. */
export interface ClientCallItem extends ClientCallFields {
  readonly type:
    'tool_search_call' | 'local_shell_call' | 'shell_call' | 'apply_patch_call' | 'computer_call';
  readonly id: string;
  readonly call_id: string;
  readonly status: ItemStatus;
}

export interface SummaryPart {
  readonly type: 'summary_text';
  readonly text: string;
}

export interface ReasoningPart {
  readonly type: 'reasoning_text';
  readonly text: string;
}

export interface ReasoningItem {
  readonly type: 'reasoning';
  readonly id: string;
  readonly status: ItemStatus;
  readonly summary: readonly SummaryPart[];
  /** Raw reasoning text; absent when the model gave a summary alone. */
  readonly content?: readonly ReasoningPart[];
  /** What the provider of the reasoning needs back with it (`src/text/signature.ts`). */
  readonly encrypted_content?: string;
}

/** Stands for the conversation before it. */
export interface CompactionItem {
  readonly type: 'compaction';
  readonly id: string;
  readonly encrypted_content: string;
}

/**
 * An item of a tool that ran at the upstream, as it came but for its id. Its type may be any that has no meaning here; the
 * literal stands for all of them.
 */
export interface UpstreamItem {
  readonly type: 'web_search_call';
  readonly id: string;
  readonly status: string;
}

/** An item of the output, as the Responses API shows it. */
export type OutputItem =
  | MessageItem
  | FunctionCallItem
  | CustomToolCallItem
  | ClientCallItem
  | ReasoningItem
  | CompactionItem
  | UpstreamItem;

export type OutputItemPrefix = 'msg' | 'fc' | 'ctc' | 'rs' | 'tsc' | 'lsh' | 'sh' | 'apc' | 'cu' | 'ws';
