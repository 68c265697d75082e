import type { Attempt } from '../attempt.js';
import type { EmbeddingRequest } from './embedding-request.js';
import type { Vector } from './vector.js';

/** One attempt of one request for embeddings at one target. */
export interface EmbeddingAttempt extends Attempt {
  readonly request: EmbeddingRequest;
}

export interface Embeddings {
  /** In the order of the inputs, in the form that was asked for. */
  readonly vectors: readonly Vector[];
  /** As the upstream says, which may be any number; undefined when it says nothing. */
  readonly inputTokens: number | undefined;
}

/** An upstream dialect. One instance per configured provider. */
export interface EmbeddingProvider {
  /** @throws UpstreamFailure when the upstream refuses, breaks, is too slow or answers with anything else. */
  embed(attempt: EmbeddingAttempt): Promise<Embeddings>;

  /** Takes no more calls and resolves when the running ones have ended. */
  close(): Promise<void>;

  /** Aborts the calls that are still running. */
  destroy(): Promise<void>;
}
