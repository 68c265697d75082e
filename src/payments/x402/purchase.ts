import type { IncomingHttpHeaders } from 'node:http';
import type { Price } from '../../base/money/price.js';
import type { HeaderFields } from '../../streaming/presenter.js';
import type { Earlier } from '../once/earlier.js';
import type { OnceKey } from '../once/once-key.js';
import type { Payer } from '../payer.js';
import type { AgreedPayment } from './agreed-payment.js';
import type { Wallet } from './wallet.js';

/** A call that is for sale: its shape has been checked, and its price is known. */
export interface Offer {
  readonly price: Pick<Price, 'wanted' | 'minimum'>;
  /** Whether the price depends on what is used. */
  readonly isMetered: boolean;
  /** The longest that the call may take, milliseconds. */
  readonly timeoutMs: number;
  /** The model's public id. */
  readonly model: string;
}

/** A request without a key, for a call that costs money. */
export interface PurchaseRequest {
  readonly headers: IncomingHttpHeaders;
  /** Path without a query. */
  readonly path: string;
  /** SHA-256 of method, path and body. */
  readonly fingerprint: Buffer;
  /** The client's `Idempotency-Key`. */
  readonly once: OnceKey | undefined;
  /** The chain that the request names. */
  readonly chainId: number | undefined;
  /** The wallet that the request's access token names: nobody else may pay then. */
  readonly wallet: Wallet | undefined;
}

/** What is known of a purchase when its payment has been verified. */
export interface Purchase {
  /** Headers of the answer, whatever becomes of the call. */
  readonly headers: HeaderFields;
  /** A call to run, or the answer to the same request that was paid before. */
  readonly run?: {
    readonly payer: Payer;
    readonly chainId: number;
    readonly payment: AgreedPayment;
    readonly once: OnceKey;
  };
  readonly earlier?: Earlier;
  /** The payment whose answer this is; undefined for the answer to an older request of the same `Idempotency-Key`. */
  readonly paymentId?: string;
}
