import { Injectable } from '@nestjs/common';
import type { GatewayError } from '../base/errors/gateway-error.js';
import { BudgetQueue } from './budget-queue.js';
import type { CallOrigin } from './charged-work.js';
import { countedOnce } from './counted-once.js';
import type { HoldAnswer, PendingHold } from './key-queue.js';
import { KeyAuthenticator } from './keys/key-authenticator.js';
import { Ledger, type HoldRefusal, type HoldRequest, type Release } from './ledger.js';
import { refusalError } from './refusal.js';

/** Holds, from when they are asked for until they are settled or given back. */
@Injectable()
export class Holds {
  constructor(
    private readonly ledger: Ledger,
    private readonly budgets: BudgetQueue,
    private readonly keys: KeyAuthenticator,
  ) {}

  /** Where only other calls' holds stand in its way it waits for them to come back. */
  take(origin: CallOrigin, request: HoldRequest): PendingHold {
    return this.takeBy(origin, request.minimum, request, (attempted) => this.ledger.hold(attempted));
  }

  /**
   * The same for a hold that is taken by another statement, which stores what it is for.
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
   * What a refusal is told as. A call of an account without room is not let through to the key's row, so its key's rate
   * limit counts it here, unless it has.
   * @throws GatewayError when that is used up
   */
  async refusalOf(refusal: HoldRefusal, { payer }: CallOrigin): Promise<GatewayError> {
    if (refusal.reason === 'storage_full' && !refusal.isCounted)
      await this.keys.check({ payer, rate: { counted: false } });
    return refusalError(refusal);
  }

  /** @returns false when this process does not hold it any more. */
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
