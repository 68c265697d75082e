import { Inject, Injectable, Logger, type OnModuleInit } from '@nestjs/common';
import { Recurring } from '../payments/recurring.js';
import { RetentionStore } from './retention-store.js';
import { RETENTION } from './settings.js';

const ROUND = 500;
const MOST_ROUNDS = 1_000;
/** A log serves those who resume; long after the end the stored object can be replayed instead. */
const LOG_MS = 24 * 3_600_000;

export interface RetentionSettings {
  readonly keepMs: number;
  readonly everyMs: number;
}

/** Purges stored content that is older than the operator keeps it. Any number of replicas may do so at once. */
@Injectable()
export class Retention implements OnModuleInit {
  private readonly logger = new Logger(Retention.name);
  private isStopped = false;
  private readonly purges = new Recurring(
    () => this.purge(),
    (failure) => this.logger.error({ msg: 'a purge failed', err: failure }),
  );

  constructor(
    private readonly store: RetentionStore,
    @Inject(RETENTION) private readonly settings: RetentionSettings,
  ) {}

  onModuleInit(): void {
    this.purges.start(this.settings.everyMs);
  }

  stop(): Promise<void> {
    this.isStopped = true;
    return this.purges.stop();
  }

  async purge(now = Date.now()): Promise<void> {
    const before = new Date(now - this.settings.keepMs);
    await this.inRounds((limit) => this.store.purgeLogs(new Date(now - LOG_MS), limit));
    await this.inRounds((limit) => this.store.purgeResponses(before, limit));
    await this.inRounds((limit) => this.store.purgeConversations(before, limit));
  }

  private async inRounds(purge: (limit: number) => Promise<number>): Promise<void> {
    for (let round = 0; round < MOST_ROUNDS && !this.isStopped; round += 1) {
      if ((await purge(ROUND)) === 0) return;
    }
  }
}
