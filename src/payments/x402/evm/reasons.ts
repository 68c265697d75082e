import { NONCE_USED, type SignedPayment } from '../payment.js';

/** The protocol's words for what the chain says, which are those of its reference implementation. */
export function expired({ method }: SignedPayment): string {
  return method === 'eip3009'
    ? 'invalid_exact_evm_payload_authorization_valid_before'
    : 'permit2_deadline_expired';
}

/** Its nonce was cancelled, or used for something else. */
export function usedOtherwise({ method }: SignedPayment): string {
  return NONCE_USED[method];
}

export function transactionFailed({ scheme }: SignedPayment): string {
  return `invalid_${scheme}_evm_transaction_failed`;
}

/** Cuts a reason down to its code: the reference implementation appends the texts of nodes to some. */
export function codeOf(reason: string | undefined, otherwise: string): string {
  return /^[a-z0-9_]{1,80}(?=$|:)/.exec(reason ?? '')?.[0] ?? otherwise;
}

/** Refusals to move a payment that cannot come from an attempt that is still under way. */
const BEFORE_BROADCAST = new Set([
  'asset_not_deployed_contract',
  'eip6492_factory_not_allowed',
  'insufficient_funds',
  'invalid_exact_evm_insufficient_balance',
  'invalid_exact_evm_payload_authorization_value_mismatch',
  'invalid_exact_evm_recipient_mismatch',
  'invalid_exact_evm_signature',
  'invalid_permit2_recipient_mismatch',
  'invalid_permit2_signature',
  'invalid_permit2_spender',
  'invalid_upto_evm_payload_settlement_exceeds_amount',
  'permit2_allowance_required',
  'permit2_amount_mismatch',
  'permit2_insufficient_balance',
  'permit2_token_mismatch',
  'unsupported_scheme',
  'upto_facilitator_mismatch',
]);

export function isBeforeBroadcast(reason: string): boolean {
  return BEFORE_BROADCAST.has(reason);
}
