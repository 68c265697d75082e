import type { IncomingHttpHeaders } from 'node:http';
import { Injectable } from '@nestjs/common';
import type { PaymentRequirements, ResourceInfo } from '@x402/core/types';
import { GatewayError } from '../../base/errors/gateway-error.js';
import { isJsonObject } from '../../base/json.js';
import type { HeaderFields } from '../../streaming/presenter.js';
import { ReceiptSigner } from '../receipts/receipt-signer.js';
import { PaymentChains, type PaymentChain } from './facilitator.js';
import type { StoredPayment } from './payment.js';
import type { PaymentProtocol } from './protocol.js';
import type { Offer, PurchaseRequest } from './purchase.js';
import type { ReadPayment } from './read-payment.js';
import { askedAmounts, paymentRequirements } from './requirements.js';
import { WalletSettings } from './settings.js';

/** What one request must be paid with: a function of the request and the configuration, the same on every replica. */
export interface Order {
  readonly chain: PaymentChain;
  readonly accepts: readonly PaymentRequirements[];
  readonly resource: ResourceInfo;
}

/**
 * Asks wallets for payments in the words of x402, and tells them what became of those. The protocol's libraries are
 * loaded with the first such request.
 */
@Injectable()
export class Orders {
  private loaded: Promise<PaymentProtocol> | undefined;

  constructor(
    private readonly chains: PaymentChains,
    private readonly settings: WalletSettings,
    private readonly signer: ReceiptSigner,
  ) {}

  /** How long an answer that was not delivered keeps its request from being bought again, milliseconds. */
  get repeatMs(): number {
    return this.settings.repeatMs;
  }

  /** @throws GatewayError chain_not_supported, service_unavailable, invalid_value for the client's cap */
  order(request: PurchaseRequest, { price, isMetered, timeoutMs, model }: Offer): Order {
    const { publicUrl, defaultChainId, defaultMaxAmount } = this.settings;
    const chain = this.chains.chain(request.chainId ?? request.wallet?.chainId ?? defaultChainId);
    const cap = request.headers['x-x402-max-amount-wei'];
    const amounts = askedAmounts(typeof cap === 'string' ? cap : undefined, price, defaultMaxAmount);
    const accepts = paymentRequirements(chain, { ...amounts, usage: isMetered, timeoutMs });
    const resource = { url: publicUrl + request.path, description: model, mimeType: 'application/json' };
    return { chain, accepts, resource };
  }

  /**
   * The payment that the request brings, checked as far as that needs no chain.
   * @returns undefined when it brings none
   * @throws GatewayError invalid_value for what is no payment
   */
  async read(order: Order, headers: IncomingHttpHeaders): Promise<ReadPayment | undefined> {
    const header = headers['payment-signature'];
    if (typeof header !== 'string') return undefined;
    const { readPayment } = await import('./read-payment.js');
    return readPayment(header, order, Date.now());
  }

  /** The error that asks for a payment. @param reason the protocol's reason why the one that came is refused */
  async refusal(
    { accepts, resource }: Order,
    reason?: string,
    headers?: HeaderFields,
  ): Promise<GatewayError> {
    const protocol = await this.protocol();
    const challenge = await protocol.challenge({ accepts, resource, error: reason });
    const isAllowance = reason === 'permit2_allowance_required';
    return new GatewayError(
      isAllowance ? reason : 'payment_required',
      reason === undefined || isAllowance ? undefined : `The payment was refused: ${reason}.`,
      { headers: { 'PAYMENT-REQUIRED': challenge, 'Cache-Control': 'no-store', ...headers } },
    );
  }

  /** The value of `PAYMENT-RESPONSE`. */
  async response(payment: StoredPayment): Promise<string> {
    const { payload, state, failure, transactionHash, amount = 0n } = payment;
    const { resource } = payload;
    const url = isJsonObject(resource) && typeof resource['url'] === 'string' ? resource['url'] : '';
    const result =
      state === 'failed'
        ? ({ success: false, reason: failure ?? 'unexpected_settle_error' } as const)
        : ({ success: true, transactionHash, amount } as const);
    return (await this.protocol()).response(payment, url, result);
  }

  private protocol(): Promise<PaymentProtocol> {
    this.loaded ??= import('./protocol.js').then(({ PaymentProtocol }) => new PaymentProtocol(this.signer));
    return this.loaded;
  }
}
