import { Injectable, Logger } from '@nestjs/common';
import type { Observable } from 'rxjs';
import { Moments } from '../base/moments/moments.js';
import type { Target } from '../catalog/model.js';
import type { Attempt } from './attempt.js';
import { Attempts, type GenerationOptions } from './attempts.js';
import type { EmbeddingEvent } from './embedding/embedding-event.js';
import type { EmbeddingRequest } from './embedding/embedding-request.js';
import { areBelievable } from './embedding/told-tokens.js';
import { EmbeddingProviders } from './embedding-providers.js';
import { TargetHealth } from './target-health.js';

/** Gets embeddings from the first of a model's targets that answers. */
@Injectable()
export class EmbeddingGeneration {
  private readonly logger = new Logger(EmbeddingGeneration.name);
  private readonly attempts: Attempts;

  constructor(
    private readonly providers: EmbeddingProviders,
    health: TargetHealth,
    moments: Moments,
  ) {
    this.attempts = new Attempts(health, moments, Math.random, Date.now);
  }

  /** Cold; see `Attempts.run`. */
  generate(request: EmbeddingRequest, options: GenerationOptions): Observable<EmbeddingEvent> {
    const { input, model } = request;
    return this.attempts.run(
      {
        targets: model.targets,
        // No two calls have anything in common that is cached.
        affinity: () => options.responseId,
        texts: () => ('texts' in input ? input.texts : []),
        ask: (attempt) => this.ask(request, attempt),
        believed: (batch, { target }) => this.believed(batch, request, target, options.requestId),
      },
      options,
    );
  }

  private async *ask(request: EmbeddingRequest, attempt: Attempt): AsyncGenerator<readonly EmbeddingEvent[]> {
    const { provider, upstreamModel } = attempt.target;
    const { vectors, inputTokens } = await this.providers.providerOf(provider).embed({ ...attempt, request });
    yield [
      { type: 'opened', provider: provider.id, upstreamModel, attempts: attempt.attempt },
      { type: 'embeddings', vectors },
      ...(inputTokens === undefined ? [] : [{ type: 'usage', inputTokens } as const]),
    ];
  }

  /** Leaves out an impossible figure; the gateway then counts the input itself. */
  private believed(
    batch: readonly EmbeddingEvent[],
    request: EmbeddingRequest,
    { provider, upstreamModel }: Target,
    requestId: string,
  ): readonly EmbeddingEvent[] {
    return batch.filter((event) => {
      if (event.type !== 'usage' || areBelievable(event.inputTokens, request)) return true;
      this.logger.warn({
        msg: 'a provider told a usage that cannot be; it is counted here',
        requestId,
        provider: provider.id,
        upstreamModel,
        inputTokens: event.inputTokens,
      });
      return false;
    });
  }
}
