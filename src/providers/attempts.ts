import { setTimeout as sleep } from 'node:timers/promises';
import { Logger } from '@nestjs/common';
import type { Observable } from 'rxjs';
import { type GatewayError, toGatewayError } from '../base/errors/gateway-error.js';
import type { AttemptEnded } from '../base/moments/moment.js';
import type { Moments } from '../base/moments/moments.js';
import type { Target } from '../catalog/model.js';
import type { Demand } from '../streaming/demand.js';
import { fromPull } from '../streaming/from-pull.js';
import { openedOnce, type Opened } from '../streaming/opened-once.js';
import type { Attempt } from './attempt.js';
import { orderTargets } from './order-targets.js';
import { reportAttempt } from './report-attempt.js';
import { RetryPlan } from './retry-plan.js';
import type { TargetHealth } from './target-health.js';
import type { Trial } from './text/remedy.js';
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

/** What is asked of the first target that answers. */
export interface Question<Said, Event> {
  readonly targets: readonly Target[];
  /** What calls have in common that should go to the same place; see `orderTargets`. */
  readonly affinity: () => string;
  /** The client's texts: a message that quotes them stays out of the log. */
  readonly texts: () => readonly string[];
  /** Cold: asks one target. The first batch means that the target has answered. */
  readonly ask: (attempt: Attempt) => AsyncIterable<readonly Said[]>;
  /** The events of a batch that are believed, and emitted. */
  readonly believed: (batch: readonly Said[], attempt: Attempt) => readonly Event[];
  /** The input that these events tell of, for the share of it that came from a cache; absent: there is no cache. */
  readonly inputIn?: (events: readonly Event[]) => Input;
}

type Input = AttemptEnded['input'];

interface Told extends Attempt {
  readonly texts: () => readonly string[];
  readonly requestId: string;
  readonly responseId: string;
}

type Asked<Said, Event> = Told & Question<Said, Event>;

type Unplanned<Said, Event> = Omit<Asked<Said, Event>, 'target' | 'attempt' | 'trial'>;

/** Asks the targets of a model one after the other until one answers. */
export class Attempts {
  private readonly logger = new Logger(Attempts.name);

  /** @param random uniform in [0, 1). @param nowMs a clock in milliseconds. */
  constructor(
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
  run<Said, Event>(question: Question<Said, Event>, options: GenerationOptions): Observable<Event> {
    const { demand, onSent, requestId, responseId } = options;
    let sent = false;
    const sentOnce = (): void => {
      if (sent) return;
      sent = true;
      onSent();
    };
    const beforeSending = options.beforeSending && allowedOnce(options.beforeSending);
    return fromPull(
      (signal) =>
        openedOnce(() =>
          this.firstAnswer({ ...question, signal, onSent: sentOnce, beforeSending, requestId, responseId }),
        ),
      demand,
    );
  }

  /** @returns what the first target that answers says */
  private async firstAnswer<Said, Event>(call: Unplanned<Said, Event>): Promise<Opened<readonly Event[]>> {
    const { signal } = call;
    const targets = orderTargets(call.targets, call.affinity);
    const plan = new RetryPlan(targets, this.health, this.random, this.nowMs);
    let target = plan.next();
    let trial: Trial | undefined;
    for (let attempt = 1; ; attempt += 1) {
      const progress = { begun: false };
      const rest = this.try({ ...call, target, attempt, trial }, progress);
      try {
        return { first: await rest.next(), rest };
      } catch (failure) {
        if (progress.begun) throw failure;
        if (signal.aborted) return { first: { done: true, value: undefined }, rest };
        this.report(failure, { ...call, target, attempt });
        trial = trialIn(failure);
        if (trial && plan.mayAgain()) continue;
        trial = undefined;
        const waitMs = plan.waitAfter(failure, target);
        if (waitMs === undefined) throw shown(failure);
        if (!(await pause(waitMs, signal))) return { first: { done: true, value: undefined }, rest };
        target = plan.next();
      }
    }
  }

  private report(failure: unknown, { target, attempt, requestId, texts }: Told): void {
    reportAttempt(this.logger, failure, {
      msg: 'an attempt at a provider failed',
      requestId,
      target,
      attempt,
      texts,
    });
  }

  private async *try<Said, Event>(
    asked: Asked<Said, Event>,
    progress: { begun: boolean },
  ): AsyncGenerator<readonly Event[]> {
    const { target, signal } = asked;
    this.health.begin(target);
    const ended = this.begun(asked);
    let outcome: AttemptEnded['outcome'] = 'abandoned';
    let input: Input;
    try {
      for await (const batch of asked.ask(asked)) {
        if (!progress.begun) this.health.answered(target);
        progress.begun = true;
        const believed = asked.believed(batch, asked);
        input = asked.inputIn?.(believed) ?? input;
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
      if (!progress.begun) throw failure;
      if (signal.aborted) return;
      this.report(failure, asked);
      throw shown(failure);
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
  }: Told): (outcome: AttemptEnded['outcome'], input: Input) => void {
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
