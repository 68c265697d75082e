import { newId } from '../../base/ids.js';
import { accountOfWallet } from '../../payments/payer.js';
import type { PaymentClaim } from '../../payments/x402/payment.js';

/** The parameter `p_payment` of `take_x402_hold`. Amounts are texts, since JSON's numbers do not hold all of them. */
export function paymentJson({ id, payment, ...claim }: PaymentClaim): string {
  return JSON.stringify({
    id,
    walletId: newId('wal'),
    accountId: accountOfWallet(payment.payer),
    chainId: payment.chainId,
    scheme: payment.scheme,
    method: payment.method,
    payer: payment.payer,
    contract: payment.contract,
    nonce: payment.nonce.toString(),
    asset: payment.asset,
    payTo: payment.payTo,
    authorised: payment.authorised.toString(),
    validUntil: new Date(payment.validUntilMs),
    payload: payment.payload,
    requirements: payment.requirements,
    available: claim.available.toString(),
    movedBefore: claim.movedBefore.toString(),
    openKey: claim.openKey,
    repeatMs: claim.repeatMs,
  });
}
