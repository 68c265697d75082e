import { Injectable } from '@nestjs/common';
import type { GatewayError } from '../base/errors/gateway-error.js';
import { BudgetQueue } from './budget-queue.js';
import type { CallOrigin } from './charged-work.js';
import { countedOnce } from './counted-once.js';
import type { HoldAnswer, PendingHold } from './key-queue.js';
import { KeyAuthenticator } from './keys/key-authenticator.js';
import { Ledger, type HoldRefusal, type HoldRequest, type Release } from './ledger.js';
import { refusalError } from './refusal.js';

/** Holds, from their request to their settlement or release. */
@Injectable()
export class Holds {
  constructor(
    private readonly ledger: Ledger,
    private readonly budgets: BudgetQueue,
    private readonly keys: KeyAuthenticator,
  ) {}

  /** If only the holds of other calls stand in its way, the call waits for them to end. */
  take(origin: CallOrigin, request: HoldRequest): PendingHold {
    return this.takeBy(origin, request.minimum, request, (attempted) => this.ledger.hold(attempted));
  }

  /**
   * The same for a hold that another statement takes, which also stores what the hold is for.
   * @param minimum the least amount that will do, atomic USDC
   */
  takeBy<Request extends { readonly counted?: boolean }>(
    { payer }: CallOrigin,
    minimum: bigint,
    request: Request,
    hold: (request: Request) => Promise<HoldAnswer>,
  ): PendingHold {
    return this.budgets.take({ payer, minimum, attempt: countedOnce(request, hold) });
  }

  /**
   * The error that tells a refusal. A call of an account without room does not get as far as the key's row, so the
   * key's rate limit counts the request here, unless it has already.
   * @throws GatewayError when the rate limit is used up
   */
  async refusalOf(refusal: HoldRefusal, { payer }: CallOrigin): Promise<GatewayError> {
    if (refusal.reason === 'storage_full' && !refusal.isCounted)
      await this.keys.check({ payer, rate: { counted: false } });
    return refusalError(refusal);
  }

  /** @returns false when this process no longer has the hold. */
  markSent(holdId: string): Promise<boolean> {
    return this.ledger.markSent(holdId);
  }

  release(release: Release): Promise<void> {
    return this.ledger.release(release);
  }

  /** A hold of this origin has ended: others may have waited for it. */
  returned({ payer }: CallOrigin): void {
    this.budgets.returned(payer);
  }
}
