import type { Vector } from './vector.js';

/** What a call for embeddings comes to, in this order. */
export type EmbeddingEvent =
  /** The upstream accepted the request; shown only in native headers. */
  | {
      readonly type: 'opened';
      readonly provider: string;
      readonly upstreamModel: string;
      readonly attempts: number;
    }
  /** In the order of the inputs, in the form that was asked for. */
  | { readonly type: 'embeddings'; readonly vectors: readonly Vector[] }
  /** Absent where the upstream gave no count, or one that cannot be. */
  | { readonly type: 'usage'; readonly inputTokens: number; readonly estimated?: true };
