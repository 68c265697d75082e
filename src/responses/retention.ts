import { Inject, Injectable } from '@nestjs/common';
import { inRounds } from '../base/work/in-rounds.js';
import { Recurs } from '../base/work/worker.js';
import { RetentionStore } from './retention-store.js';
import { ResponseSettings } from './settings.js';

const EVERY_MS = 600_000;
/** Rows removed at once. */
const ROUND = 500;
/** A log serves clients that resume. Long after the end, the stored object can be replayed instead. */
const LOG_MS = 24 * 3_600_000;

/** How many rows were removed. */
export interface Purged {
  readonly logEntries: number;
  readonly responses: number;
  readonly conversations: number;
}

/** Purges stored content that is older than the operator's limit. Any number of replicas may do so at once. */
@Injectable()
export class Retention {
  constructor(
    private readonly store: RetentionStore,
    @Inject(ResponseSettings) private readonly settings: Pick<ResponseSettings, 'keepMs'>,
  ) {}

  @Recurs({ name: 'a purge of responses and conversations', every: EVERY_MS, phase: 'upkeep' })
  async purge(signal?: AbortSignal): Promise<Purged> {
    const { store } = this;
    const now = Date.now();
    const before = new Date(now - this.settings.keepMs);
    const logsBefore = new Date(now - LOG_MS);
    return {
      logEntries: await inRounds(ROUND, (most) => store.purgeLogs(logsBefore, most), signal),
      responses: await inRounds(ROUND, (most) => store.purgeResponses(before, most), signal),
      conversations: await inRounds(ROUND, (most) => store.purgeConversations(before, most), signal),
    };
  }
}
