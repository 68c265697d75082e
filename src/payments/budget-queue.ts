import { Inject, Injectable } from '@nestjs/common';
import { LivesIn, type Worker } from '../base/work/worker.js';
import { KeyQueue, type Claim, type HoldAnswer, type PendingHold } from './key-queue.js';
import { KeyStore } from './keys/key-store.js';
import { isRefusal } from './ledger.js';
import { PaymentSettings } from './settings.js';
import type { Payer } from './payer.js';

/** Limited, since calls that wait keep their bodies in memory. */
const MOST_WAITERS = 1_000;

interface Leaving {
  left: boolean;
  leave: () => void;
}

/**
 * Takes holds. If only the holds of other calls stand in a call's way, the call waits for them to end. It takes turns
 * with the other calls of its key in this process, and has no connection and no lock while it waits; see `KeyQueue`.
 */
@Injectable()
@LivesIn('intake')
export class BudgetQueue implements Worker {
  /** By key; only queues with calls that wait. */
  private readonly queues = new Map<string, KeyQueue>();
  private waiters = 0;
  private isClosed = false;
  private readonly waitMs: number;

  constructor(
    private readonly keys: KeyStore,
    @Inject(PaymentSettings) { budgetWaitMs }: Pick<PaymentSettings, 'budgetWaitMs'>,
  ) {
    this.waitMs = budgetWaitMs;
  }

  take(claim: Claim): PendingHold {
    if (this.waitMs === 0) return { answer: claim.attempt(), leave: () => undefined };
    const leaving: Leaving = { left: false, leave: () => undefined };
    return {
      answer: this.takeInTurn(claim, leaving),
      leave: () => {
        leaving.left = true;
        leaving.leave();
      },
    };
  }

  /** A hold of the key has ended in this process. */
  returned(payer: Payer): void {
    void this.queueFor(payer)?.serve();
  }

  /** The process ends: no call waits any more. */
  stop(): void {
    this.isClosed = true;
    for (const queue of this.queues.values()) queue.close();
  }

  private async takeInTurn(claim: Claim, leaving: Leaving): Promise<HoldAnswer> {
    const ahead = this.queueFor(claim.payer);
    const before = ahead?.mustQueue(claim.minimum) ? ahead.refusalFor(claim) : undefined;
    const refusal = before ?? (await claim.attempt());
    if (!isRefusal(refusal) || refusal.reason !== 'budget_held') return refusal;
    if (this.isClosed) return { ...refusal, reason: 'no_lease' };
    if (leaving.left) return refusal;
    const isRoom = this.waiters < MOST_WAITERS;
    const waiting = isRoom ? this.queueOf(claim.payer).enter(claim, refusal) : undefined;
    // No call is refused before it has asked the books: what is free may be enough for this one.
    if (!waiting) return before ? claim.attempt() : refusal;
    leaving.leave = waiting.leave;
    this.waiters += 1;
    try {
      return await waiting.answer;
    } finally {
      this.waiters -= 1;
    }
  }

  /** Most of the time no call waits, whatever the key. */
  private queueFor(payer: Payer): KeyQueue | undefined {
    return this.queues.size === 0 ? undefined : this.queues.get(payer.id);
  }

  private queueOf(payer: Payer): KeyQueue {
    const { id } = payer;
    const known = this.queues.get(id);
    if (known) return known;
    const queue = new KeyQueue(
      () => this.keys.findFor(payer),
      this.waitMs,
      () => this.queues.delete(id),
    );
    this.queues.set(id, queue);
    return queue;
  }
}
