import { Injectable } from '@nestjs/common';
import { newId } from '../base/ids.js';
import { Moments } from '../base/moments/moments.js';
import { buildReceipt } from '../money/build-receipt.js';
import { videoCharge } from '../money/video-charge.js';
import { ReceiptSigner } from '../payments/receipts/receipt-signer.js';
import { PaymentSettings } from '../payments/settings.js';
import { advance, type Advance, type Reported } from './domain/advance.js';
import type { UpstreamJob, VideoError } from './domain/video-job.js';
import { VideoStore, type VideoSettlement } from './video-store.js';

/** Ends jobs as their upstreams say, with their money. Safe to repeat, and for any number of processes at once. */
@Injectable()
export class VideoEndings {
  constructor(
    private readonly store: VideoStore,
    private readonly moments: Moments,
    private readonly signer: ReceiptSigner,
    private readonly settings: PaymentSettings,
  ) {}

  /** @returns what has become of the job; nothing is written of one that goes on. */
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

  /** The hold covers the price, so what the receipt says is known beforehand. */
  private settlement(job: UpstreamJob, producedSeconds: number | undefined): VideoSettlement {
    const { id, accountId, requestId, terms, keyChainId } = job;
    const settlement = {
      receiptId: newId('rct'),
      network: `eip155:${terms.chainId ?? keyChainId ?? this.settings.defaultChainId}`,
      meterSubject: `${job.provider}:${terms.model}`,
      charge: videoCharge(chargedSeconds(terms.seconds ?? undefined, producedSeconds), terms),
      settledAtMs: Date.now(),
    };
    const { charge } = settlement;
    const receipt = buildReceipt({
      ...settlement,
      ...charge,
      accountId,
      requestId,
      responseId: id,
      finalAmount: charge.providerAmount + charge.platformFee,
      overrun: 0n,
    });
    return { ...settlement, signature: this.signer.sign(receipt) };
  }
}

/** What was produced, to the microsecond, and never more than was asked for: that is what was held. */
function chargedSeconds(asked: number | undefined, produced: number | undefined): number | undefined {
  if (produced === undefined || !(produced >= 0)) return asked;
  const rounded = Math.round(produced * 1e6) / 1e6;
  return asked === undefined ? rounded : Math.min(asked, rounded);
}
