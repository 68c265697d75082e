import type { EmbeddingModel, Target } from '../../../src/catalog/model.js';
import type { EmbeddingAttempt } from '../../../src/providers/embedding/embedding-provider.js';
import type { EmbeddingRequest } from '../../../src/providers/embedding/embedding-request.js';

export function embeddingModelFor(
  targets: readonly Target[],
  overrides: Partial<EmbeddingModel> = {},
): EmbeddingModel {
  return {
    kind: 'embedding',
    id: 'public-model',
    targets,
    contextWindow: 8_192,
    pricing: 'free',
    created: 0,
    ownedBy: 'test',
    ...overrides,
  };
}

/** For two texts, unless told otherwise. */
export function embeddingRequestFor(
  target: Target,
  overrides: Partial<EmbeddingRequest> = {},
): EmbeddingRequest {
  const texts = ['one', 'two'];
  return {
    model: embeddingModelFor([target]),
    modelOptions: '',
    account: 'account-1',
    input: { texts },
    format: 'float',
    mostTokens: 10,
    body: { model: 'public-model', input: texts },
    ...overrides,
  };
}

export function embeddingAttemptFor(
  target: Target,
  overrides: Partial<EmbeddingRequest> = {},
  more: Partial<EmbeddingAttempt> = {},
): EmbeddingAttempt {
  return {
    request: embeddingRequestFor(target, overrides),
    target,
    attempt: 1,
    signal: new AbortController().signal,
    onSent: () => undefined,
    ...more,
  };
}
