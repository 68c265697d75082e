import type { IncomingHttpHeaders } from 'node:http';
import type { PaymentRequirements, ResourceInfo } from '@x402/core/types';
import type { GatewayError } from '../../base/errors/gateway-error.js';
import type { HeaderFields } from '../../streaming/presenter.js';
import type { PaymentChain } from './facilitator.js';
import type { SignedPayment, StoredPayment } from './payment.js';
import type { Offer, PurchaseRequest } from './purchase.js';

/** What one request must be paid with: a function of the request and the configuration, the same on every replica. */
export interface Order {
  readonly chain: PaymentChain;
  readonly accepts: readonly PaymentRequirements[];
  readonly resource: ResourceInfo;
}

/** The words of x402, in which wallets are asked for payments and told what became of them. */
export abstract class Orders {
  /** @throws GatewayError chain_not_supported, service_unavailable, invalid_value for the client's cap */
  abstract order(request: PurchaseRequest, offer: Offer): Order;
  /**
   * The payment that the request brings, checked as far as that needs no chain.
   * @returns undefined when it brings none
   * @throws GatewayError invalid_value for what is no payment, payment_required for one that is not for this order
   */
  abstract read(
    order: Order,
    headers: IncomingHttpHeaders,
  ): Promise<{ readonly payment: SignedPayment; readonly identifier: string | undefined } | undefined>;
  /** The error that asks for a payment. @param reason the protocol's reason why the one that came is refused */
  abstract refusal(order: Order, reason?: string, headers?: HeaderFields): Promise<GatewayError>;
  /** The value of `PAYMENT-RESPONSE`. */
  abstract response(payment: StoredPayment): Promise<string>;
}
