import { Injectable, Logger } from '@nestjs/common';
import { type Observable } from 'rxjs';
import type { Target } from '../catalog/model.js';
import { Moments } from '../base/moments/moments.js';
import { lazyAffinityOf } from './affinity.js';
import { Attempts, type GenerationOptions } from './attempts.js';
import { isBelievable } from './believable-usage.js';
import { TargetHealth } from './target-health.js';
import { TextProviders } from './text-providers.js';
import { writtenText } from '../text/counting/input-size.js';
import type { SpokenEvent, TextEvent } from '../text/text-event.js';
import type { TextRequest } from './text/text-request.js';

interface Spoken {
  readonly request: TextRequest;
  readonly target: Target;
  readonly requestId: string;
  readonly usage: { refused: boolean };
}

/** Gets text from the first of a model's targets that answers. */
@Injectable()
export class TextGeneration {
  private readonly logger = new Logger(TextGeneration.name);
  private readonly attempts: Attempts;

  /** @param random uniform in [0, 1). @param nowMs a clock in milliseconds. */
  constructor(
    private readonly providers: TextProviders,
    health: TargetHealth,
    moments: Moments,
    random: () => number,
    nowMs: () => number,
  ) {
    this.attempts = new Attempts(health, moments, random, nowMs);
  }

  /** Cold; see `Attempts.run`. */
  generate(request: TextRequest, options: GenerationOptions): Observable<TextEvent> {
    const { requestId } = options;
    const usage = { refused: false };
    const affinity = lazyAffinityOf(request);
    return this.attempts.run(
      {
        targets: request.model.targets,
        affinity,
        texts: () => writtenText(request.prompt),
        ask: (attempt) =>
          this.providers.providerOf(attempt.target.provider).generate({ ...attempt, request, affinity }),
        inputIn: (batch) => batch.findLast((event) => event.type === 'usage')?.usage,
        believed: (batch, { target }) => this.believed(batch, { request, target, requestId, usage }),
      },
      options,
    );
  }

  /** Leaves out usage with impossible figures; the gateway then counts the usage itself. */
  private believed(
    batch: readonly SpokenEvent[],
    { request, target, requestId, usage }: Spoken,
  ): readonly TextEvent[] {
    const isTrue = (event: SpokenEvent): event is TextEvent =>
      event.type !== 'usage_refused' &&
      (event.type !== 'usage' || isBelievable(event.usage, request, target));
    if (batch.every(isTrue)) return batch;
    if (!usage.refused) {
      const { provider, upstreamModel } = target;
      const [lie] = batch.filter((event) => event.type === 'usage');
      this.logger.warn({
        msg: 'a provider told a usage that cannot be; it is counted here',
        requestId,
        provider: provider.id,
        upstreamModel,
        inputTokens: lie?.usage.inputTokens,
        outputTokens: lie?.usage.outputTokens,
      });
    }
    usage.refused = true;
    return batch.filter(isTrue);
  }
}
