import type { GatewayError } from '../../base/errors/gateway-error.js';
import type { PaymentClaim, StoredPayment } from './payment.js';

/** A verified payment for one call that is about to run. */
export interface AgreedPayment {
  readonly claim: PaymentClaim;
  /**
   * Reads once more what the wallet can pay: a payment that settled meanwhile is otherwise counted twice.
   * @returns undefined when the payment does not verify any more
   */
  verifyAgain(): Promise<PaymentClaim | undefined>;
  /** The value of `PAYMENT-RESPONSE`. */
  response(payment: StoredPayment): Promise<string>;
  /** The 402 that names the protocol's reason. @param failed the payment, when it was attempted on the chain */
  refused(reason: string, failed?: StoredPayment): Promise<GatewayError>;
}
