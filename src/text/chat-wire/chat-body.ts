import type { JsonObject, JsonValue } from '../../base/json.js';

/** The part of a chat-completions body that becomes a prompt, after its shape was checked and its nulls removed. */
export type ChatBody = {
  readonly messages?: readonly ChatMessage[];
  readonly tools?: readonly ChatTool[];
  readonly tool_choice?: ChatToolChoice;
  readonly parallel_tool_calls?: boolean;
  readonly n?: number;
  readonly stop?: string | readonly string[];
  readonly temperature?: number;
  readonly top_p?: number;
  readonly presence_penalty?: number;
  readonly frequency_penalty?: number;
  readonly seed?: number;
  readonly logprobs?: boolean;
  readonly top_logprobs?: number;
  readonly response_format?: ChatFormat;
  readonly reasoning_effort?: string;
  readonly verbosity?: string;
  readonly service_tier?: string;
  readonly web_search_options?: JsonObject;
  readonly user?: string;
  readonly safety_identifier?: string;
  readonly prompt_cache_key?: string;
  readonly metadata?: JsonObject;
};

export type ChatMessage = {
  readonly role: 'system' | 'developer' | 'user' | 'assistant' | 'tool' | 'function';
  readonly content?: string | readonly ChatPart[] | null;
  readonly name?: string;
  readonly tool_call_id?: string;
  readonly refusal?: string;
  readonly tool_calls?: readonly ChatCall[];
  readonly function_call?: CalledFunction;
  /** Not in any schema, since services differ. */
  readonly reasoning_content?: JsonValue;
  readonly reasoning_details?: JsonValue;
};

export type ChatPart =
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'refusal'; readonly refusal: string }
  | { readonly type: 'image_url'; readonly image_url: { readonly url: string; readonly detail?: string } }
  | { readonly type: 'input_audio'; readonly input_audio: { readonly data: string; readonly format: string } }
  | { readonly type: 'file'; readonly file: { readonly filename?: string; readonly file_data?: string } };

export type CalledFunction = {
  readonly name: string;
  readonly arguments: string;
};

/** `upstream_fields` is in no schema: the provider that it belongs to must be checked. */
export type ChatCall = { readonly id: string; readonly upstream_fields?: JsonValue } & (
  | { readonly type: 'function'; readonly function: CalledFunction }
  | { readonly type: 'custom'; readonly custom: { readonly name: string; readonly input: string } }
);

type DeclaredTool = {
  readonly name: string;
  readonly description?: string;
};

export type ChatTool =
  | {
      readonly type: 'function';
      readonly function: DeclaredTool & { readonly parameters?: JsonObject; readonly strict?: boolean };
    }
  | { readonly type: 'custom'; readonly custom: DeclaredTool & { readonly format?: JsonObject } };

/** An object names one tool, or has a list of tools of any kind. */
export type ChatToolChoice = 'none' | 'auto' | 'required' | JsonObject;

export type ChatFormat =
  | { readonly type: 'text' | 'json_object' }
  | {
      readonly type: 'json_schema';
      readonly json_schema: DeclaredTool & { readonly schema?: JsonObject; readonly strict?: boolean };
    };
