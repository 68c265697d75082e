import type { GatewayError } from '../base/errors/gateway-error.js';
import type { Receipt } from '../base/money/receipt.js';

/** A key's budget in atomic USDC as of the call's authorisation, its own hold included. */
export interface Budget {
  /** `null` is unlimited. */
  readonly limit: bigint | null;
  readonly spent: bigint;
  readonly held: bigint;
}

/** What the ledger granted to a call before it ran. */
export interface Admission {
  readonly budget: Budget;
  readonly account: string;
  /** Set when the free budget covers fewer output tokens than were asked for. */
  readonly loweredOutputCap?: number;
}

export interface Admitted {
  readonly admission: Admission;
}

/**
 * What a paid call produces, in order: one admission, events, then a receipt. A call that fails after something was
 * used shows the failure and then its receipt; an error of the Observable means that nothing was charged. If there
 * are several receipts, the last one counts.
 */
export type Outcome<Event> =
  | Admitted
  | { readonly event: Event }
  | { readonly failure: GatewayError }
  /** A wallet's payment has moved: the value of `PAYMENT-RESPONSE`. */
  | { readonly paid: string }
  /** It is not known whether the payment has moved. The client is told so in place of an answer, and the call runs on. */
  | { readonly unsettled: GatewayError }
  | { readonly receipt: Receipt | undefined };
