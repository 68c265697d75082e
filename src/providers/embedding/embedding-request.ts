import type { JsonObject } from '../../base/json.js';
import type { EmbeddingModel } from '../../catalog/model.js';
import type { VectorFormat } from './vector.js';

/** What is to be embedded: texts, or the ids of their tokens; at least one, and none of them empty. */
export type EmbeddingInput =
  { readonly texts: readonly string[] } | { readonly tokens: readonly (readonly number[])[] };

/** One validated request for embeddings, in terms every dialect can convert from. */
export interface EmbeddingRequest {
  readonly model: EmbeddingModel;
  /** Options after the colon of a sandbox model id; empty elsewhere. */
  readonly modelOptions: string;
  /** The account of the request; scopes the hashed `user`. */
  readonly account: string;
  readonly input: EmbeddingInput;
  readonly format: VectorFormat;
  /** Numbers of each embedding; absent: as many as the model usually makes. */
  readonly dimensions?: number | undefined;
  /** The most tokens that the input can have. */
  readonly mostTokens: number;
  /** The body as the client sent it, without the optional fields that were null. */
  readonly body: JsonObject;
}

export function countOf(input: EmbeddingInput): number {
  return 'texts' in input ? input.texts.length : input.tokens.length;
}
