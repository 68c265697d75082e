import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { parseDecimal } from '../../src/base/money/decimal.js';
import { NO_USAGE } from '../../src/base/money/usage.js';
import type { VideoPricing } from '../../src/base/money/pricing.js';
import type { Charge } from '../../src/base/money/metering.js';
import { videoPrice } from '../../src/base/money/video-price.js';

const PER_SECOND = { perSecond: parseDecimal('0.1') };

/** @param produced undefined where the upstream does not tell */
function charged(
  pricing: VideoPricing | 'free',
  asked: number | undefined,
  produced?: number,
  feeBps = 0,
): Charge {
  const measurement = { usage: NO_USAGE, quantity: produced, estimated: false };
  return videoPrice(pricing, asked, feeBps).chargeFor(measurement);
}

describe('the price of a video', () => {
  it('is that of its seconds, with the fee on top', () => {
    expect(charged(PER_SECOND, 4, undefined, 100)).toEqual({
      lineItems: [
        {
          key: 'video_seconds',
          unit: 'usd_per_second',
          quantity: 4,
          unitPriceUsd: '0.1',
          amountWei: '400000',
        },
      ],
      providerAmount: 400_000n,
      platformFee: 4_000n,
    });
    expect(videoPrice(PER_SECOND, 4, 100)).toMatchObject({ wanted: 404_000n, minimum: 404_000n });
  });

  it('may be one for each video, or none', () => {
    expect(charged({ perVideo: parseDecimal('0.5') }, undefined)).toMatchObject({
      lineItems: [{ key: 'videos', unit: 'usd_per_video', quantity: 1, amountWei: '500000' }],
      providerAmount: 500_000n,
    });
    expect(charged('free', 4, undefined, 100)).toEqual({
      lineItems: [],
      providerAmount: 0n,
      platformFee: 0n,
    });
  });

  it('of parts of a second is exact, and rounded up once', () => {
    expect(charged(PER_SECOND, 4.04).providerAmount).toBe(404_000n);
    expect(charged({ perSecond: parseDecimal('0.0000003') }, 0.1).providerAmount).toBe(1n);
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 3_600_000 }), (milliseconds) => {
        expect(charged(PER_SECOND, milliseconds / 1000).providerAmount).toBe(BigInt(milliseconds) * 100n);
      }),
    );
  });

  it('is for what was produced, and never above what was asked for and held', () => {
    expect(charged(PER_SECOND, 4, 3.5).providerAmount).toBe(350_000n);
    expect(charged(PER_SECOND, 4, 9).providerAmount).toBe(400_000n);
    expect(charged(PER_SECOND, 4, Number.NaN).providerAmount).toBe(400_000n);
    fc.assert(
      fc.property(fc.nat(60), fc.double(), (asked, produced) => {
        const { wanted } = videoPrice(PER_SECOND, asked, 100);
        const { providerAmount, platformFee } = charged(PER_SECOND, asked, produced, 100);
        expect(providerAmount + platformFee <= wanted).toBe(true);
      }),
    );
  });
});
