import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable, Logger } from '@nestjs/common';
import type { Target } from '../catalog/model.js';
import { toGatewayError, type GatewayError } from '../base/errors/gateway-error.js';
import { reportAttempt, type FailedAttempt } from './report-attempt.js';
import { RetryPlan } from './retry-plan.js';
import { TargetHealth } from './target-health.js';
import { UpstreamFailure } from './upstream-failure.js';
import type { VideoSnapshot, VideoSubmission } from './video/video-provider.js';
import { VideoProviders } from './video-providers.js';

/** The result of a submission that a target may have accepted. */
export type Sent =
  | { readonly snapshot: VideoSnapshot; readonly target: Target }
  /** A job may have begun, but it is not known. */
  | { readonly unknown: unknown; readonly target: Target };

/** The result of a submission; refused: no job began upstream, and none will. */
export type Submitted = Sent | { readonly refused: GatewayError };

export interface SubmissionOptions {
  readonly signal: AbortSignal;
  /** Called before every attempt; when it fails, nothing is sent. */
  readonly onTarget: (target: Target, attempt: number) => Promise<void>;
  /** For the log. */
  readonly requestId: string;
}

/**
 * Maximum number of submissions of one job at a target that honours its reference, even if processes die in between.
 */
const MAX_SUBMISSIONS = 4;
const AGAIN_AFTER_MS = 1_000;
/** Longest wait, even if the target asks for more. */
const LONGEST_WAIT_MS = 5_000;

/** Submits videos to the first of a model's targets that accepts them. */
@Injectable()
export class VideoGeneration {
  private readonly logger = new Logger(VideoGeneration.name);

  constructor(
    private readonly providers: VideoProviders,
    private readonly health: TargetHealth,
  ) {}

  /** @param targets in order of preference */
  plan(targets: readonly Target[]): RetryPlan {
    return new RetryPlan(targets, this.health, Math.random, Date.now);
  }

  /** Makes up to two more attempts where no job can have begun. @param first the plan's first target */
  async submit(
    submission: VideoSubmission,
    plan: RetryPlan,
    first: Target,
    options: SubmissionOptions,
  ): Promise<Submitted> {
    const { signal, onTarget, requestId } = options;
    const reported = reportOf(submission, requestId);
    let target = first;
    for (let attempt = 1; ; attempt += 1) {
      try {
        await onTarget(target, attempt);
        const provider = this.providers.providerOf(target.provider);
        return {
          snapshot: await this.attempt(() => provider.submit(submission, target, signal), target),
          target,
        };
      } catch (failure) {
        const isUpstreams = failure instanceof UpstreamFailure;
        reportAttempt(this.logger, failure, { ...reported, target, attempt });
        if (isUpstreams && !failure.options.refused)
          return target.provider.idempotentVideos
            ? await this.submitAgain(submission, target, attempt, { ...options, unknown: failure })
            : { unknown: failure, target };
        if (signal.aborted) return { unknown: failure, target };
        const waitMs = isUpstreams ? plan.waitAfter(failure, target) : undefined;
        if (waitMs === undefined) return { refused: isUpstreams ? failure.error : toGatewayError(failure) };
        await sleep(waitMs);
        target = plan.next();
      }
    }
  }

  /**
   * Repeats a submission that the target may have accepted, a few times: the target honours the reference, so no
   * second job begins. A refusal says nothing about the first attempt, so only an acceptance is an outcome.
   * @param attempts number of earlier attempts
   */
  async submitAgain(
    submission: VideoSubmission,
    target: Target,
    attempts: number,
    { signal, onTarget, requestId, unknown }: SubmissionOptions & { readonly unknown: unknown },
  ): Promise<Sent> {
    const reported = reportOf(submission, requestId);
    let last = unknown;
    for (let attempt = attempts + 1; attempt <= MAX_SUBMISSIONS && !signal.aborted; attempt += 1) {
      try {
        await sleep(waitBefore(attempt - attempts, last), undefined, { signal });
        await onTarget(target, attempt);
        const provider = this.providers.providerOf(target.provider);
        const submit = (): Promise<VideoSnapshot> => provider.submit(submission, target, signal);
        return { snapshot: await this.attempt(submit, target), target };
      } catch (failure) {
        reportAttempt(this.logger, failure, { ...reported, target, attempt });
        last = failure;
      }
    }
    return { unknown: last, target };
  }

  private async attempt(submit: () => Promise<VideoSnapshot>, target: Target): Promise<VideoSnapshot> {
    this.health.begin(target);
    try {
      const snapshot = await submit();
      this.health.completed(target);
      return snapshot;
    } catch (failure) {
      if (failure instanceof UpstreamFailure) this.health.failed(target, failure);
      else this.health.abandoned(target);
      throw failure;
    }
  }
}

function reportOf(
  { prompt, negativePrompt = '' }: VideoSubmission,
  requestId: string,
): Omit<FailedAttempt, 'target' | 'attempt'> {
  return { msg: 'a video was not submitted', requestId, texts: () => [prompt, negativePrompt] };
}

/** Milliseconds, half of them random. @param repetition from 1 */
function waitBefore(repetition: number, failure: unknown): number {
  const fullMs = AGAIN_AFTER_MS * 2 ** (repetition - 1);
  const asked = failure instanceof UpstreamFailure ? (failure.options.retryAfterMs ?? 0) : 0;
  return Math.max(fullMs * (0.5 + Math.random() * 0.5), Math.min(asked, LONGEST_WAIT_MS));
}
