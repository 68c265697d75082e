import type { IncomingHttpHeaders } from 'node:http';
import { GatewayError } from '../../base/errors/gateway-error.js';
import { isJsonObject } from '../../base/json.js';
import type { HeaderFields } from '../../streaming/presenter.js';
import type { ReceiptSigner } from '../receipts/receipt-signer.js';
import type { PaymentChains } from './facilitator.js';
import { Orders, type Order } from './orders.js';
import type { StoredPayment } from './payment.js';
import { PaymentProtocol } from './protocol.js';
import type { Offer, PurchaseRequest } from './purchase.js';
import { readPayment, type ReadPayment } from './read-payment.js';
import { askedAmounts, paymentRequirements } from './requirements.js';

export interface OrderSettings {
  /** Base of every absolute URL, without a trailing slash. */
  readonly publicUrl: string;
  readonly defaultChainId: number;
  /** Atomic units. */
  readonly defaultMaxAmount: bigint;
}

/** Loads the libraries of the protocol, so it is itself loaded only where wallets can pay. */
export class X402Orders extends Orders {
  private readonly protocol: PaymentProtocol;

  constructor(
    private readonly chains: PaymentChains,
    private readonly settings: OrderSettings,
    signer: ReceiptSigner,
  ) {
    super();
    this.protocol = new PaymentProtocol(signer);
  }

  order(request: PurchaseRequest, { price, isMetered, timeoutMs, model }: Offer): Order {
    const { publicUrl, defaultChainId, defaultMaxAmount } = this.settings;
    const chain = this.chains.chain(request.chainId ?? request.wallet?.chainId ?? defaultChainId);
    const cap = request.headers['x-x402-max-amount-wei'];
    const amounts = askedAmounts(typeof cap === 'string' ? cap : undefined, price, defaultMaxAmount);
    const accepts = paymentRequirements(chain, { ...amounts, usage: isMetered, timeoutMs });
    const resource = { url: publicUrl + request.path, description: model, mimeType: 'application/json' };
    return { chain, accepts, resource };
  }

  async read(
    order: Order,
    headers: IncomingHttpHeaders,
  ): Promise<Exclude<ReadPayment, { refused: string }> | undefined> {
    const header = headers['payment-signature'];
    if (typeof header !== 'string') return undefined;
    const read = readPayment(header, order, Date.now());
    if ('refused' in read) throw await this.refusal(order, read.refused);
    return read;
  }

  async refusal(
    { accepts, resource }: Order,
    reason?: string,
    headers?: HeaderFields,
  ): Promise<GatewayError> {
    const challenge = await this.protocol.challenge({ accepts, resource, error: reason });
    const isAllowance = reason === 'permit2_allowance_required';
    return new GatewayError(
      isAllowance ? reason : 'payment_required',
      reason === undefined || isAllowance ? undefined : `The payment was refused: ${reason}.`,
      { headers: { 'PAYMENT-REQUIRED': challenge, 'Cache-Control': 'no-store', ...headers } },
    );
  }

  response(payment: StoredPayment): Promise<string> {
    const { payload, state, failure, transactionHash, amount = 0n } = payment;
    const { resource } = payload;
    const url = isJsonObject(resource) && typeof resource['url'] === 'string' ? resource['url'] : '';
    return this.protocol.response(
      payment,
      url,
      state === 'failed'
        ? { success: false, reason: failure ?? 'unexpected_settle_error' }
        : { success: true, transactionHash, amount },
    );
  }
}
