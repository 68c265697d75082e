import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable, Logger } from '@nestjs/common';
import type { Target } from '../catalog/model.js';
import { toGatewayError, type GatewayError } from '../errors/gateway-error.js';
import type { RetryPlan } from './retry-plan.js';
import { TargetHealth } from './target-health.js';
import { UpstreamFailure } from './upstream-failure.js';
import type { VideoSnapshot, VideoSubmission } from './video/video-provider.js';
import { VideoProviders } from './video-providers.js';

/** How a submission went. */
export type Submitted =
  | { readonly snapshot: VideoSnapshot; readonly target: Target }
  /** Nothing began upstream, and nothing will. */
  | { readonly refused: GatewayError }
  /** A job may have begun, and nobody knows it. */
  | { readonly unknown: unknown; readonly target: Target };

export interface SubmissionOptions {
  readonly signal: AbortSignal;
  /** Called before an attempt at another target than the one before; when it fails, nothing is sent. */
  readonly onTarget: (target: Target, attempt: number) => Promise<void>;
  /** For the log. */
  readonly requestId: string;
}

/** Videos from whichever target of the model takes them. */
@Injectable()
export class VideoGeneration {
  private readonly logger = new Logger(VideoGeneration.name);

  constructor(
    private readonly providers: VideoProviders,
    private readonly health: TargetHealth,
  ) {}

  /** Up to two more attempts are made where nothing can have begun. @param first what the plan said first */
  async submit(
    submission: VideoSubmission,
    plan: RetryPlan,
    first: Target,
    { signal, onTarget, requestId }: SubmissionOptions,
  ): Promise<Submitted> {
    let target = first;
    for (let attempt = 1; ; attempt += 1) {
      try {
        if (attempt > 1) await onTarget(target, attempt);
        const provider = this.providers.providerOf(target.provider);
        return {
          snapshot: await this.attempt(() => provider.submit(submission, target, signal), target),
          target,
        };
      } catch (failure) {
        const isUpstreams = failure instanceof UpstreamFailure;
        this.report(failure, target, attempt, requestId);
        if (isUpstreams && !failure.options.refused) return { unknown: failure, target };
        if (signal.aborted) return { unknown: failure, target };
        const waitMs = isUpstreams ? plan.waitAfter(failure, target) : undefined;
        if (waitMs === undefined) return { refused: isUpstreams ? failure.error : toGatewayError(failure) };
        await sleep(waitMs);
        target = plan.next();
      }
    }
  }

  private async attempt(submit: () => Promise<VideoSnapshot>, target: Target): Promise<VideoSnapshot> {
    this.health.begin(target);
    try {
      const snapshot = await submit();
      this.health.completed(target);
      return snapshot;
    } catch (failure) {
      if (!(failure instanceof UpstreamFailure)) this.health.abandoned(target);
      else if (failure.options.targetFault) this.health.failed(target);
      else this.health.answered(target);
      throw failure;
    }
  }

  /** What is wrong with the request alone is the client's to know; all else is the operator's too. */
  private report(failure: unknown, target: Target, attempt: number, requestId: string): void {
    if (!(failure instanceof UpstreamFailure)) return;
    const { code, status, cause } = failure.error;
    if (status !== 429 && status < 500) return;
    const { provider, upstreamModel } = target;
    this.logger.warn({
      msg: 'a video was not submitted',
      requestId,
      provider: provider.id,
      upstreamModel,
      attempt,
      code,
      err: cause,
    });
  }
}
