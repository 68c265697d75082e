import { NotFoundException } from '@nestjs/common';
import { describe, expect, it } from '@jest/globals';
import { SupportedPaymentsController } from '../../src/lookups/supported-payments.controller.js';
import { type PaymentChain, PaymentChains } from '../../src/payments/x402/facilitator.js';
import { CHAIN } from '../payments/x402/wallet-terms.js';

class FixedChains extends PaymentChains {
  constructor(
    private readonly chains: readonly PaymentChain[],
    readonly areConfigured = true,
  ) {
    super();
  }

  chain(): never {
    throw new Error('no chain is asked for by its number');
  }

  ready(): readonly PaymentChain[] {
    return this.chains;
  }
}

describe('the ways to pay', () => {
  it('are those of the chains that work now', () => {
    const second = { ...CHAIN, chainId: 1, network: 'eip155:1', hasUpto: false, hasPermit2Exact: false };
    const chains = [CHAIN, second].map((chain) => chain as PaymentChain);
    const token = { name: 'USD Coin', version: '2' };
    const { facilitatorAddress } = CHAIN;
    expect(new SupportedPaymentsController(new FixedChains(chains)).find()).toEqual({
      kinds: [
        {
          x402Version: 2,
          scheme: 'upto',
          network: 'eip155:43113',
          extra: { ...token, assetTransferMethod: 'permit2', facilitatorAddress },
        },
        { x402Version: 2, scheme: 'exact', network: 'eip155:43113', extra: token },
        {
          x402Version: 2,
          scheme: 'exact',
          network: 'eip155:43113',
          extra: { ...token, assetTransferMethod: 'permit2' },
        },
        { x402Version: 2, scheme: 'exact', network: 'eip155:1', extra: token },
      ],
      extensions: ['payment-identifier', 'offer-receipt'],
      signers: { 'eip155:*': [facilitatorAddress] },
    });
  });

  it('are none while no chain works, and no page where wallets cannot pay', () => {
    expect(new SupportedPaymentsController(new FixedChains([])).find()).toMatchObject({ kinds: [] });
    expect(() => new SupportedPaymentsController(new FixedChains([], false)).find()).toThrow(
      NotFoundException,
    );
  });
});
