import { Controller, Get, NotFoundException } from '@nestjs/common';
import { PaymentChains } from '../payments/x402/facilitator.js';
import { paymentRequirements, X402_VERSION } from '../payments/x402/requirements.js';

/** Requirements of no call in particular: only what they say of the chain is used. */
const ANY_CALL = { usage: true, most: 0n, agreed: 0n, timeoutMs: 0 };

/** How wallets can pay, in the shape of a facilitator's `/supported` (x402 version 2); no authentication. */
@Controller('v1/x402/supported')
export class SupportedPaymentsController {
  constructor(private readonly chains: PaymentChains) {}

  @Get()
  find(): object {
    if (!this.chains.areConfigured) throw new NotFoundException();
    const ready = this.chains.ready();
    const kinds = ready
      .flatMap((chain) => paymentRequirements(chain, ANY_CALL))
      .map(({ scheme, network, extra }) => ({ x402Version: X402_VERSION, scheme, network, extra }));
    const signers = [...new Set(ready.map(({ facilitatorAddress }) => facilitatorAddress))];
    return { kinds, extensions: ['payment-identifier', 'offer-receipt'], signers: { 'eip155:*': signers } };
  }
}
