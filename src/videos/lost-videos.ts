import { Inject, Injectable, Logger, type OnModuleInit } from '@nestjs/common';
import { LEASE_MS } from '../payments/lease-keeper.js';
import { Recurring } from '../payments/recurring.js';
import { PollStore } from './polling/poll-store.js';
import { SUBMISSION_UNKNOWN } from './submission-unknown.js';
import { VideoBell } from './video-bell.js';
import { VideoStore } from './video-store.js';
import { VideoSubmissions } from './video-submissions.js';

const ROUND = 100;

/** Ends videos whose process died between asking the upstream and storing its answer, and forgets its watches. */
@Injectable()
export class LostVideos implements OnModuleInit {
  private readonly logger = new Logger(LostVideos.name);
  private readonly sweeps = new Recurring(
    () => this.sweep(),
    (failure) => this.logger.error({ msg: 'a sweep of videos failed', err: failure }),
  );

  constructor(
    private readonly store: VideoStore,
    private readonly polls: PollStore,
    private readonly submissions: VideoSubmissions,
    private readonly bell: VideoBell,
    @Inject(LEASE_MS) private readonly leaseMs: number,
  ) {}

  onModuleInit(): void {
    this.sweeps.start(this.leaseMs / 3);
  }

  stop(): Promise<void> {
    return this.sweeps.stop();
  }

  private async sweep(): Promise<void> {
    const lost = await this.store.failLost(SUBMISSION_UNKNOWN, this.submissions.underWay, ROUND);
    for (const videoId of lost) {
      this.bell.ring(videoId);
      this.logger.error({
        msg: 'it is not known whether a provider has accepted a video: it may cost money there',
        videoId,
      });
    }
    await this.polls.forgetWatches();
  }
}
