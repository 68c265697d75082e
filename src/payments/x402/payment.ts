import type { JsonObject } from '../../base/json.js';

/** `exact` moves the agreed amount, `upto` what was used of it. */
export type PaymentScheme = 'exact' | 'upto';
/** How the token is moved: by its own authorisation (EIP-3009), or by Permit2 through the scheme's proxy contract. */
export type TransferMethod = 'eip3009' | 'permit2';

/** The protocol's reasons for a nonce that is used. */
export const NONCE_USED: Readonly<Record<TransferMethod, string>> = {
  eip3009: 'invalid_exact_evm_nonce_already_used',
  permit2: 'permit2_invalid_nonce',
};

/**
 * A payment that a wallet has signed. Addresses are in lower case, so that one wallet has one spelling; amounts are
 * atomic units of the asset.
 */
export interface SignedPayment {
  readonly chainId: number;
  readonly scheme: PaymentScheme;
  readonly method: TransferMethod;
  readonly payer: string;
  /** What keeps the nonce from being used twice: the token for EIP-3009, else the Permit2 contract. */
  readonly contract: string;
  /** As an integer, because one nonce has several spellings. */
  readonly nonce: bigint;
  readonly asset: string;
  readonly payTo: string;
  /** The agreed amount for `exact`, the most that may be moved for `upto`. */
  readonly authorised: bigint;
  /** Epoch milliseconds: from then on the chain refuses it. */
  readonly validUntilMs: number;
  /** x402's `PaymentPayload` and the `PaymentRequirements` that it accepts, as facilitators take them. */
  readonly payload: JsonObject;
  readonly requirements: JsonObject;
}

/** A verified payment, which a call claims together with its hold. */
export interface PaymentClaim {
  readonly id: string;
  readonly payment: SignedPayment;
  /** What the wallet could pay when the payment was verified. */
  readonly available: bigint;
  /** What the wallet had moved here before `available` was read; see `PaymentStore.look`. */
  readonly movedBefore: bigint;
  /** By which the same request is recognised when it is signed again: only one of them is open at a time. */
  readonly openKey: string;
  /** How long an answer that was not delivered keeps its request open, milliseconds. */
  readonly repeatMs: number;
}

/**
 * `claimed`: its call runs. `due`: the amount is known, and is to be moved. `burned`: nothing was used, so nothing
 * moves, but the signature is used up. The last three never change.
 */
export type PaymentState = 'claimed' | 'due' | 'settled' | 'failed' | 'burned';

/** A claimed payment, as the books have it. */
export interface StoredPayment extends SignedPayment {
  readonly id: string;
  readonly state: PaymentState;
  readonly accountId: string;
  readonly holdId: string;
  readonly responseId: string | undefined;
  /** SHA-256 of method, path and body of the request that it pays for. */
  readonly fingerprint: Buffer;
  /** The key of its idempotency record. */
  readonly onceKey: string;
  /** Undefined while it is claimed. */
  readonly amount: bigint | undefined;
  readonly transactionHash: string | undefined;
  /** The protocol's reason, for `failed`. */
  readonly failure: string | undefined;
  /** Its call has ended without a charge. Told only of payments that are concluded or due. */
  readonly isFree?: boolean | undefined;
  /** No transaction that moves it has been journaled. Told only of payments that are concluded or due. */
  readonly isUntried?: boolean | undefined;
  /** It has moved or failed, and its receipt and its answer do not say so yet. Told only of payments that were looked for. */
  readonly isUntold?: boolean | undefined;
}

/** What became of an attempt to move a payment. */
export type Movement =
  | { readonly outcome: 'moved'; readonly transactionHash: string }
  /** Not moved, and never will be. */
  | { readonly outcome: 'failed'; readonly reason: string }
  /** It may have been moved. */
  | { readonly outcome: 'unknown'; readonly transactionHash?: string | undefined };
