import { Injectable, Logger } from '@nestjs/common';
import { Recurs } from '../../base/work/worker.js';
import type { StoredPayment } from './payment.js';
import { PaymentStore } from './payment-store.js';
import { Settlements } from './settlements.js';
import { WalletSettings } from './settings.js';

/** Payments of one round, which are handled side by side. */
const ROUND = 20;
const MOST_ROUNDS = 50;
const EVERY_MS = 2_000;
/** Longer than one attempt takes, with its wait for the chain. */
const ATTEMPT_LEASE_MS = 120_000;

/**
 * Goes on with payments that no call takes care of: their outcome was not known, or their process died. In every
 * process; each payment is attempted by one at a time.
 */
@Injectable()
export class PaymentWorker {
  private readonly logger = new Logger(PaymentWorker.name);

  constructor(
    private readonly store: PaymentStore,
    private readonly settlements: Settlements,
    private readonly settings: WalletSettings,
  ) {}

  @Recurs({ name: 'a round of payments', every: EVERY_MS, phase: 'upkeep' })
  async run(signal: AbortSignal): Promise<void> {
    if (!this.settings.isEnabled) return;
    await this.rounds(
      signal,
      () => this.store.unconcluded(ROUND),
      ({ holdId }) => this.store.conclude(holdId),
    );
    await this.store.startNeglected();
    await this.rounds(
      signal,
      () => this.store.takeDue(ROUND, ATTEMPT_LEASE_MS),
      (payment) => this.settlements.resume(payment),
    );
  }

  private async rounds(
    signal: AbortSignal,
    next: () => Promise<readonly StoredPayment[]>,
    handle: (payment: StoredPayment) => Promise<unknown>,
  ): Promise<void> {
    for (let round = 0; round < MOST_ROUNDS && !signal.aborted; round += 1) {
      const payments = await next();
      const ends = await Promise.allSettled(payments.map(handle));
      for (const end of ends)
        if (end.status === 'rejected')
          this.logger.error({ msg: 'a payment stays for now', err: end.reason as unknown });
      if (payments.length < ROUND || ends.some(({ status }) => status === 'rejected')) return;
    }
  }
}
