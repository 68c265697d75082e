import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { GatewayError } from '../../../src/base/errors/gateway-error.js';
import { askedAmounts, paymentRequirements } from '../../../src/payments/x402/requirements.js';
import { CHAIN } from './wallet-terms.js';

const CALL = { most: 50_000n, agreed: 20_000n, usage: true, timeoutMs: 600_000 };

describe('the requirements of a call', () => {
  it('prefer upto where the price depends on usage, and name exact by Permit2 last', () => {
    const terms = {
      network: CHAIN.network,
      asset: CHAIN.asset,
      payTo: CHAIN.payTo,
      maxTimeoutSeconds: 660,
    };
    const token = { name: 'USD Coin', version: '2' };
    const exact = { scheme: 'exact', ...terms, amount: '20000', extra: token };
    const byPermit2 = { ...token, assetTransferMethod: 'permit2' };
    const extra = { ...byPermit2, facilitatorAddress: CHAIN.facilitatorAddress };
    const upto = { scheme: 'upto', ...terms, amount: '50000', extra };
    const permit2 = { ...exact, extra: byPermit2 };
    expect(paymentRequirements(CHAIN, CALL)).toEqual([upto, exact, permit2]);
    expect(paymentRequirements(CHAIN, { ...CALL, usage: false })).toEqual([exact, permit2]);
    expect(paymentRequirements({ ...CHAIN, hasUpto: false }, CALL)).toEqual([exact, permit2]);
    const bare = { ...CHAIN, hasPermit2Exact: false };
    expect(paymentRequirements(bare, CALL)).toEqual([upto, exact]);
    expect(paymentRequirements({ ...bare, hasUpto: false }, CALL)).toEqual([exact]);
  });

  it('allow the call its time, and a minute for the chain', () => {
    const [first] = paymentRequirements(CHAIN, { ...CALL, timeoutMs: 1_001 });
    expect(first?.maxTimeoutSeconds).toBe(62);
  });

  it('are the same text each time', () => {
    const text = () => JSON.stringify(paymentRequirements({ ...CHAIN }, { ...CALL }));
    expect(text()).toBe(text());
  });
});

describe('what a wallet is asked for', () => {
  it.each([
    ['the upper bound', undefined, 700n, 10n, [700n, 700n]],
    ['the default where the call could cost more', undefined, 5_000n, 10n, [1_000n, 1_000n]],
    ['what the call needs at least', undefined, 5_000n, 2_000n, [2_000n, 2_000n]],
    ['the cap of the client', '300', 700n, 10n, [300n, 300n]],
    ['not more than the call can cost, for good', '900', 700n, 10n, [900n, 700n]],
    ['the least that will do', '10', 700n, 10n, [10n, 10n]],
  ])('is %s', (_words, header, wanted, minimum, [most, agreed]) => {
    expect(askedAmounts(header, { wanted, minimum }, 1_000n)).toEqual({ most, agreed });
  });

  it.each(['', '0', '-1', '1.5', '0x10', ' 5', '1e3', '1000000000000001', '1, 2', '９'])(
    'is not %j',
    (header) => {
      expect(() => askedAmounts(header, { wanted: 1n, minimum: 0n }, 1n)).toThrow(
        expect.objectContaining({ code: 'invalid_value', param: 'x-x402-max-amount-wei' }),
      );
    },
  );

  it('is not a cap below what the call needs, which the refusal names', () => {
    expect(() => askedAmounts('99', { wanted: 700n, minimum: 100n }, 1n)).toThrow(/at least 100 /);
  });

  it('covers the call, and never exceeds the cap', () => {
    const amount = fc.bigInt({ min: 1n, max: 10n ** 15n });
    fc.assert(
      fc.property(fc.option(amount), amount, amount, amount, (cap, a, b, byDefault) => {
        const [minimum, wanted] = a < b ? [a, b] : [b, a];
        try {
          const { most, agreed } = askedAmounts(cap?.toString(), { wanted, minimum }, byDefault);
          expect(agreed >= minimum && agreed <= most && agreed <= wanted).toBe(true);
          expect(cap === null || most === cap).toBe(true);
        } catch (error) {
          expect(error).toBeInstanceOf(GatewayError);
          expect(cap !== null && cap < minimum).toBe(true);
        }
      }),
    );
  });
});
