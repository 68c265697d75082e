import { Injectable } from '@nestjs/common';
import { GatewayError } from '../base/errors/gateway-error.js';
import { BudgetQueue } from './budget-queue.js';
import type { CallOrigin } from './charged-work.js';
import { countedOnce } from './counted-once.js';
import type { HoldAnswer, PendingHold } from './key-queue.js';
import { KeyAuthenticator } from './keys/key-authenticator.js';
import { isRefusal, Ledger, type HoldRefusal, type HoldRequest, type Release } from './ledger.js';
import { refusalError } from './refusal.js';
import type { AgreedPayment } from './x402/agreed-payment.js';
import type { PaymentClaim } from './x402/payment.js';

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
  takeBy<Request extends { readonly counted?: boolean; readonly payment?: PaymentClaim | undefined }>(
    { payer, payment }: CallOrigin,
    minimum: bigint,
    request: Request,
    hold: (request: Request) => Promise<HoldAnswer>,
  ): PendingHold {
    if (payment) return { answer: claimed(payment, request, hold), leave: () => undefined };
    if (payer.isWallet)
      throw new GatewayError('invalid_api_key', 'A wallet cannot pay for this. Use an API key.');
    return this.budgets.take({ payer, minimum, attempt: countedOnce(request, hold) });
  }

  /**
   * The error that tells a refusal. A call of an account without room does not get as far as the key's row, so the
   * key's rate limit counts the request here, unless it has already.
   * @throws GatewayError when the rate limit is used up
   */
  async refusalOf(refusal: HoldRefusal, { payer, payment }: CallOrigin): Promise<GatewayError> {
    if (payment) return isShort(refusal) ? payment.refused('insufficient_funds') : refusalError(refusal);
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

/** A wallet does not wait in turn: its holds end on the chain, which may take long. */
async function claimed<Request>(
  payment: AgreedPayment,
  request: Request,
  hold: (request: Request) => Promise<HoldAnswer>,
): Promise<HoldAnswer> {
  const answer = await hold(request);
  if (!isRefusal(answer) || !isShort(answer)) return answer;
  const again = await payment.verifyAgain();
  return again ? hold({ ...request, payment: again }) : answer;
}

function isShort({ reason }: HoldRefusal): boolean {
  return reason === 'insufficient_budget' || reason === 'budget_held';
}
