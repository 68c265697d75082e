import { Inject, Injectable, Logger, type OnModuleInit } from '@nestjs/common';
import { Recurring } from '../base/recurring.js';
import { KEEP_MS } from './settings.js';
import { VideoStore } from './video-store.js';

const EVERY_MS = 600_000;
const ROUND = 500;
const MOST_ROUNDS = 1_000;

/** Removes videos that ended longer ago than the operator keeps them. Any number of replicas may do so at once. */
@Injectable()
export class VideoRetention implements OnModuleInit {
  private readonly logger = new Logger(VideoRetention.name);
  private isStopped = false;
  private readonly purges = new Recurring(
    async () => {
      await this.purge();
    },
    (failure) => this.logger.error({ msg: 'a purge of videos failed', err: failure }),
  );

  constructor(
    private readonly store: VideoStore,
    @Inject(KEEP_MS) private readonly keepMs: number,
  ) {}

  onModuleInit(): void {
    this.purges.start(EVERY_MS);
  }

  stop(): Promise<void> {
    this.isStopped = true;
    return this.purges.stop();
  }

  /** @returns how many it removed */
  async purge(now = Date.now()): Promise<number> {
    const before = new Date(now - this.keepMs);
    let removed = 0;
    for (let round = 0; round < MOST_ROUNDS && !this.isStopped; round += 1) {
      const count = await this.store.purge(before, ROUND);
      if (count === 0) break;
      removed += count;
    }
    return removed;
  }
}
