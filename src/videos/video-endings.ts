import { Injectable } from '@nestjs/common';
import { Moments } from '../base/moments/moments.js';
import { agreedPrice } from '../base/money/agreed-price.js';
import { NO_USAGE } from '../base/money/usage.js';
import { Settling } from '../payments/receipts/settling.js';
import { settlementOf } from '../payments/settlement.js';
import { PaymentSettings } from '../payments/settings.js';
import { advance, type Advance, type Reported } from './domain/advance.js';
import type { UpstreamJob, VideoError } from './domain/video-job.js';
import { VideoStore, type SignedVideo } from './video-store.js';

/** Ends jobs and their holds as their upstreams report. Safe to repeat, also in several processes at the same time. */
@Injectable()
export class VideoEndings {
  constructor(
    private readonly store: VideoStore,
    private readonly moments: Moments,
    private readonly settling: Settling,
    private readonly settings: PaymentSettings,
  ) {}

  /** @returns the next state of the job; nothing is written for a job that goes on */
  async apply(job: UpstreamJob, reported: Reported | 'gone'): Promise<Advance> {
    const next = advance(job, reported);
    if (next.to === 'completed') {
      const { content, expiresAtMs, producedSeconds } = next;
      const settlement = this.settlement(job, producedSeconds);
      if (await this.store.complete(job.id, settlement, { content, expiresAtMs }))
        this.moments.publish({ type: 'video_ended', videoId: job.id, outcome: 'completed' });
      this.moments.publish({ type: 'video_changed', videoId: job.id });
    } else if (next.to === 'failed') await this.fail(job.id, next.error);
    return next;
  }

  async fail(id: string, error: VideoError): Promise<boolean> {
    const ended = await this.store.fail(id, error);
    if (ended) this.moments.publish({ type: 'video_ended', videoId: id, outcome: 'failed' });
    this.moments.publish({ type: 'video_changed', videoId: id });
    return ended;
  }

  private settlement(job: UpstreamJob, quantity: number | undefined): SignedVideo {
    const { id, accountId, requestId, terms, provider } = job;
    const chainId = terms.chainId ?? job.keyChainId ?? this.settings.defaultChainId;
    const ended = { accountId, requestId, responseId: id, provider, model: terms.model, chainId };
    const measurement = { usage: NO_USAGE, quantity, estimated: false };
    const payment = terms.payment && job.payment && { ...terms.payment, ...job.payment };
    const settledAtMs = this.settling.clock.nowMs();
    const settlement = { ...settlementOf(ended, agreedPrice(terms), measurement, settledAtMs), payment };
    return { ...settlement, signature: this.settling.sign(settlement) };
  }
}
