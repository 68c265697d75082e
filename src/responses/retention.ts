import { Inject, Injectable, Logger, type OnModuleInit } from '@nestjs/common';
import { Recurring } from '../base/recurring.js';
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

/** How many rows were removed. */
export interface Purged {
  readonly logEntries: number;
  readonly responses: number;
  readonly conversations: number;
}

/** Purges stored content that is older than the operator keeps it. Any number of replicas may do so at once. */
@Injectable()
export class Retention implements OnModuleInit {
  private readonly logger = new Logger(Retention.name);
  private isStopped = false;
  private readonly purges = new Recurring(
    async () => {
      await this.purge();
    },
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

  async purge(now = Date.now()): Promise<Purged> {
    const before = new Date(now - this.settings.keepMs);
    return {
      logEntries: await this.inRounds((limit) => this.store.purgeLogs(new Date(now - LOG_MS), limit)),
      responses: await this.inRounds((limit) => this.store.purgeResponses(before, limit)),
      conversations: await this.inRounds((limit) => this.store.purgeConversations(before, limit)),
    };
  }

  private async inRounds(purge: (limit: number) => Promise<number>): Promise<number> {
    let removed = 0;
    for (let round = 0; round < MOST_ROUNDS && !this.isStopped; round += 1) {
      const count = await purge(ROUND);
      if (count === 0) break;
      removed += count;
    }
    return removed;
  }
}
