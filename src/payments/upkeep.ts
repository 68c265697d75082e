import { Injectable } from '@nestjs/common';
import { inRounds } from '../base/work/in-rounds.js';
import { EACH_THIRD_OF_A_LEASE, Recurs } from '../base/work/worker.js';
import { AccountStore } from './accounts/account-store.js';
import { AnswerFrames } from './once/answer-frames.js';
import { IdempotencyStore } from './once/idempotency-store.js';

/** Every call that stores something adds rows, and the next call of the account sums them up. */
const FOLD_EVERY_MS = 1_000;
/** Changes of what accounts store that are summed up in one statement. */
const MOST_CHANGES = 10_000;
/** Requests that are forgotten in one statement. */
const MOST_REQUESTS = 500;

/** Keeps the tables that every call reads small. Any number of replicas may do so at once. */
@Injectable()
export class Upkeep {
  constructor(
    private readonly requests: IdempotencyStore,
    private readonly accounts: AccountStore,
    private readonly frames: AnswerFrames,
  ) {}

  @Recurs({ name: 'the sum of what accounts have stored', every: FOLD_EVERY_MS, phase: 'upkeep' })
  foldStoredChanges(signal: AbortSignal): Promise<number> {
    return inRounds(MOST_CHANGES, (most) => this.accounts.foldStoredChanges(most), signal);
  }

  @Recurs({ name: 'a purge of idempotency keys', every: EACH_THIRD_OF_A_LEASE, phase: 'upkeep' })
  forgetOldRequests(signal: AbortSignal): Promise<number> {
    return inRounds(MOST_REQUESTS, (most) => this.requests.purge(most), signal);
  }

  @Recurs({ name: 'a purge of shared frames', every: EACH_THIRD_OF_A_LEASE, phase: 'upkeep' })
  forgetLeftFrames(): Promise<void> {
    return this.frames.purge();
  }
}
