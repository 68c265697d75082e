import type { PaymentPayload, PaymentRequirements } from '@x402/core/types';
import type { SignedPayment } from '../payment.js';

/**
 * A payment as facilitators take it. Extensions stay here: none is offered, and the library would act on those that let
 * a wallet have its allowance made by the facilitator.
 * @param amount to move; of a payment that is verified, what it authorises
 */
export function termsOf(
  { payload, requirements }: SignedPayment,
  amount: bigint,
): [PaymentPayload, PaymentRequirements] {
  const { extensions: _unused, ...signed } = payload;
  // Both were read from the client's header, and checked, by the room's protocol.
  return [
    signed as unknown as PaymentPayload,
    { ...requirements, amount: amount.toString() } as unknown as PaymentRequirements,
  ];
}
