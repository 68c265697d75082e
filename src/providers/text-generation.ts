import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable, Logger } from '@nestjs/common';
import { type Observable } from 'rxjs';
import { GatewayError, toGatewayError } from '../base/errors/gateway-error.js';
import type { AttemptEnded } from '../base/moments/moment.js';
import { Moments } from '../base/moments/moments.js';
import type { Demand } from '../streaming/demand.js';
import { fromPull } from '../streaming/from-pull.js';
import { affinityOf } from './affinity.js';
import { isBelievable } from './believable-usage.js';
import { orderTargets } from './order-targets.js';
import { reportAttempt } from './report-attempt.js';
import { RetryPlan } from './retry-plan.js';
import { TargetHealth } from './target-health.js';
import { TextProviders } from './text-providers.js';
import { writtenText } from '../text/counting/input-size.js';
import type { Trial } from './text/remedy.js';
import type { SpokenEvent, TextEvent } from '../text/text-event.js';
import type { TextAttempt } from './text/text-provider.js';
import type { TextRequest } from './text/text-request.js';
import { UpstreamFailure } from './upstream-failure.js';

export interface GenerationOptions {
  readonly demand: Demand;
  /** Called at most once: from here on the call may cost money upstream. */
  readonly onSent: () => void;
  /**
   * Called at most once, and awaited: nothing is sent before it resolves. When it rejects, the call fails with that
   * reason.
   */
  readonly beforeSending?: (() => Promise<void>) | undefined;
  /** For the log and the moments of the call. */
  readonly requestId: string;
  readonly responseId: string;
}

type Batches = AsyncGenerator<readonly TextEvent[]>;

interface Attempt extends TextAttempt {
  readonly requestId: string;
  readonly responseId: string;
}

/** Gets text from the first of a model's targets that answers. */
@Injectable()
export class TextGeneration {
  private readonly logger = new Logger(TextGeneration.name);

  /** @param random uniform in [0, 1). @param nowMs a clock in milliseconds. */
  constructor(
    private readonly providers: TextProviders,
    private readonly health: TargetHealth,
    private readonly moments: Moments,
    private readonly random: () => number,
    private readonly nowMs: () => number,
  ) {}

  /**
   * Cold; unsubscribing closes the upstream's socket or ends the wait for the next attempt. Up to two more attempts
   * are made as long as nothing has been emitted; they may go to the same target without the part that it has
   * refused. Errors are always a GatewayError.
   */
  generate(request: TextRequest, options: GenerationOptions): Observable<TextEvent> {
    const { demand, onSent, requestId, responseId } = options;
    let sent = false;
    const sentOnce = (): void => {
      if (sent) return;
      sent = true;
      onSent();
    };
    const beforeSending = options.beforeSending && allowedOnce(options.beforeSending);
    return fromPull(
      (signal) => this.attempts({ request, signal, onSent: sentOnce, beforeSending, requestId, responseId }),
      demand,
    );
  }

  private async *attempts(unplanned: Omit<Attempt, 'target' | 'attempt' | 'affinity'>): Batches {
    const call = { ...unplanned, affinity: affinityOf(unplanned.request) };
    const { request, signal, affinity } = call;
    const targets = orderTargets(request.model.targets, affinity);
    const plan = new RetryPlan(targets, this.health, this.random, this.nowMs);
    let target = plan.next();
    let trial: Trial | undefined;
    for (let attempt = 1; ; attempt += 1) {
      const progress = { begun: false };
      try {
        yield* this.run({ ...call, target, attempt, trial }, progress);
        return;
      } catch (failure) {
        if (signal.aborted) return;
        this.report(failure, { ...call, target, attempt });
        trial = progress.begun ? undefined : trialIn(failure);
        if (trial && plan.mayAgain()) continue;
        trial = undefined;
        const waitMs = progress.begun ? undefined : plan.waitAfter(failure, target);
        if (waitMs === undefined) throw shown(failure);
        if (!(await pause(waitMs, signal))) return;
        target = plan.next();
      }
    }
  }

  private report(failure: unknown, { target, attempt, requestId, request }: Attempt): void {
    reportAttempt(this.logger, failure, {
      msg: 'an attempt at a provider failed',
      requestId,
      target,
      attempt,
      texts: () => writtenText(request.prompt),
    });
  }

  /** Leaves out usage with impossible figures; the gateway then counts the usage itself. */
  private believed(
    batch: readonly SpokenEvent[],
    { request, target, requestId }: Attempt,
    usage: { refused: boolean },
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

  private async *run(attempt: Attempt, progress: { begun: boolean }): Batches {
    const { target, signal } = attempt;
    this.health.begin(target);
    const ended = this.begun(attempt);
    let outcome: AttemptEnded['outcome'] = 'abandoned';
    let input: AttemptEnded['input'];
    const usage = { refused: false };
    try {
      for await (const batch of this.providers.providerOf(target.provider).generate(attempt)) {
        if (!progress.begun) this.health.answered(target);
        progress.begun = true;
        const believed = this.believed(batch, attempt, usage);
        input = believed.findLast((event) => event.type === 'usage')?.usage ?? input;
        if (believed.length > 0) yield believed;
      }
      this.health.completed(target);
      outcome = 'answered';
    } catch (failure) {
      if (!signal.aborted) {
        outcome = shown(failure).code;
        if (failure instanceof UpstreamFailure) this.health.failed(target, failure);
        else this.health.answered(target);
      }
      throw failure;
    } finally {
      if (outcome === 'abandoned') this.health.abandoned(target);
      ended(outcome, input);
    }
  }

  /** @returns a function to call at the attempt's end. */
  private begun({
    requestId,
    responseId,
    target,
    attempt,
  }: Attempt): (outcome: AttemptEnded['outcome'], input: AttemptEnded['input']) => void {
    const { provider, upstreamModel } = target;
    const { id, keyNumber } = provider;
    const told = { requestId, responseId, provider: id, upstreamModel, keyNumber, attempt };
    const begunAtMs = this.nowMs();
    this.moments.publish({ type: 'attempt_begun', ...told });
    return (outcome, used) => {
      const durationMs = this.nowMs() - begunAtMs;
      const input = used && {
        inputTokens: used.inputTokens,
        cachedInputTokens: used.cachedInputTokens,
      };
      this.moments.publish({ type: 'attempt_ended', ...told, outcome, input, durationMs });
    };
  }
}

/**
 * The first attempt's permission to send holds for all. A refused one is no target's fault, and no reason to try
 * another.
 */
function allowedOnce(beforeSending: () => Promise<void>): () => Promise<void> {
  let allowed: Promise<void> | undefined;
  const ask = (): Promise<void> =>
    beforeSending().catch((failure: unknown) => {
      throw new UpstreamFailure(toGatewayError(failure), { retryable: false, targetFault: false });
    });
  return () => (allowed ??= ask());
}

function trialIn(failure: unknown): Trial | undefined {
  return failure instanceof UpstreamFailure ? failure.options.trial : undefined;
}

function shown(failure: unknown): GatewayError {
  return failure instanceof UpstreamFailure ? failure.error : toGatewayError(failure);
}

/** Resolves to false, early, when the call is aborted. */
function pause(waitMs: number, signal: AbortSignal): Promise<boolean> {
  return sleep(waitMs, true, { signal }).catch(() => false);
}
