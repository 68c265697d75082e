import type { JsonObject, JsonValue } from '../../base/json.js';
import type { OutputItem } from './item.js';
import type { ResponseStatus } from './status.js';

/** The fields of a Response that its request determines. They are the same from its first event to its last. */
export interface ResponseSettings {
  readonly background: boolean;
  readonly model: string;
  readonly previous_response_id: string | null;
  readonly conversation?: { readonly id: string };
  readonly instructions: string | null;
  readonly tools: readonly JsonObject[];
  readonly tool_choice: JsonValue;
  readonly parallel_tool_calls: boolean;
  readonly truncation: 'auto' | 'disabled';
  readonly text: JsonObject;
  readonly temperature: number;
  readonly top_p: number;
  readonly top_logprobs: number;
  readonly presence_penalty: number;
  readonly frequency_penalty: number;
  readonly reasoning: { readonly effort: string | null; readonly summary: string | null } | null;
  readonly max_output_tokens: number | null;
  readonly max_tool_calls: number | null;
  readonly store: boolean;
  readonly service_tier: string;
  readonly metadata: Readonly<Record<string, string>>;
  readonly safety_identifier: string | null;
  readonly prompt_cache_key: string | null;
  /** Left out when unset. */
  readonly user?: string;
}

export interface ResponseUsage {
  readonly input_tokens: number;
  readonly input_tokens_details: { readonly cached_tokens: number; readonly cache_write_tokens: number };
  readonly output_tokens: number;
  readonly output_tokens_details: { readonly reasoning_tokens: number };
  readonly total_tokens: number;
  /** The gateway made this count, since the upstream gave none. */
  readonly estimated?: true;
}

export interface ResponseError {
  readonly code: string;
  readonly message: string;
}

/** A Response without its output items, as it is stored beside them. Every key is always present. */
export interface ResponseEnvelope extends ResponseSettings {
  readonly id: string;
  readonly object: 'response';
  /** Unix seconds. */
  readonly created_at: number;
  readonly completed_at: number | null;
  readonly status: ResponseStatus;
  readonly incomplete_details: { readonly reason: 'max_output_tokens' | 'content_filter' | 'steered' } | null;
  readonly error: ResponseError | null;
  readonly usage: ResponseUsage | null;
}

export interface ResponseObject extends ResponseEnvelope {
  readonly output: readonly OutputItem[];
}
