import { Injectable, Logger } from '@nestjs/common';
import { Catalog } from '../catalog/catalog.service.js';
import type { Target } from '../catalog/model.js';
import { GatewayError } from '../base/errors/gateway-error.js';
import { OutageGuard } from '../base/work/outage-guard.js';
import { EACH_THIRD_OF_A_LEASE, Recurs } from '../base/work/worker.js';
import type { VideoSubmission } from '../providers/video/video-provider.js';
import { PollStore } from './polling/poll-store.js';
import { UpstreamVideos } from './upstream-videos.js';
import { VideoStore, type LostVideo } from './video-store.js';
import { VideoSubmissions } from './video-submissions.js';

const ROUND = 100;
/** Providers usually forget idempotency keys after a day, and clients do not wait for ever. */
const AGAIN_WITHIN_MS = 3_600_000;

/**
 * Takes over videos whose process died before it stored the upstream's answer. Withdraws a video that was sent to no
 * upstream. Submits the others again if that cannot begin a second video; otherwise they fail. Also forgets watches of
 * dead processes.
 */
@Injectable()
export class LostVideos {
  private readonly logger = new Logger(LostVideos.name);
  private readonly guard = new OutageGuard();

  constructor(
    private readonly store: VideoStore,
    private readonly polls: PollStore,
    private readonly submissions: VideoSubmissions,
    private readonly upstream: UpstreamVideos,
    private readonly catalog: Catalog,
  ) {}

  @Recurs({ name: 'a sweep of videos', every: EACH_THIRD_OF_A_LEASE, phase: 'upkeep' })
  sweep(): Promise<void> {
    return this.guard.run(async (mayTake) => {
      if (mayTake) await this.takeOver();
      await this.polls.forgetWatches();
    });
  }

  private async takeOver(): Promise<void> {
    const lost = await this.store.claimLost(this.submissions.underWay, ROUND);
    for (const video of lost) {
      const { id, provider, attempt, isSent } = video;
      if (!isSent) {
        await this.store.withdraw(id);
        continue;
      }
      const target = this.targetOf(video);
      const submission = target && this.submissionOf(video);
      if (submission) {
        this.logger.warn({ msg: 'a video is submitted again', videoId: id, provider, attempt: attempt + 1 });
        this.submissions.resume(video, submission, target);
      } else await this.submissions.failUnknown(id, provider, undefined);
    }
  }

  /** Undefined if a second submission might begin a second video. */
  private targetOf(video: LostVideo): Target | undefined {
    if (Date.now() - video.createdAtMs > AGAIN_WITHIN_MS) return undefined;
    const target = known(() => this.upstream.targetOf(video));
    return target?.provider.idempotentVideos ? target : undefined;
  }

  /** Undefined if the submission would differ from the first one. */
  private submissionOf({ id, model, parameters, remixOf, isWhole }: LostVideo): VideoSubmission | undefined {
    const resolved = known(() => this.catalog.resolveVideo(model));
    if (!isWhole || !resolved) return undefined;
    const { prompt, seconds, size, aspectRatio, seed, negativePrompt } = parameters;
    return {
      ...resolved,
      prompt,
      seconds,
      size,
      aspectRatio,
      seed,
      negativePrompt,
      // No client will see a refusal, so these names do not matter.
      names: { seconds: 'duration', image: 'image_url' },
      reference: id,
      remixOf,
    };
  }
}

/** Undefined if the catalog no longer has it. */
function known<Found>(look: () => Found): Found | undefined {
  try {
    return look();
  } catch (failure) {
    if (failure instanceof GatewayError) return undefined;
    throw failure;
  }
}
