import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { parseDecimal } from '../../src/money/decimal.js';
import { encodeVideoPricing, videoCharge } from '../../src/money/video-charge.js';

const PER_SECOND = encodeVideoPricing({ perSecond: parseDecimal('0.1') });

describe('the price of a video', () => {
  it('is that of its seconds, with the fee on top', () => {
    expect(videoCharge(4, { pricing: PER_SECOND, feeBps: 100 })).toEqual({
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
  });

  it('may be one for each video, or none', () => {
    const perVideo = encodeVideoPricing({ perVideo: parseDecimal('0.5') });
    expect(videoCharge(undefined, { pricing: perVideo, feeBps: 0 })).toMatchObject({
      lineItems: [{ key: 'videos', unit: 'usd_per_video', quantity: 1, amountWei: '500000' }],
      providerAmount: 500_000n,
    });
    expect(videoCharge(4, { pricing: encodeVideoPricing('free'), feeBps: 100 })).toEqual({
      lineItems: [],
      providerAmount: 0n,
      platformFee: 0n,
    });
  });

  it('of parts of a second is exact, and rounded up once', () => {
    expect(videoCharge(4.04, { pricing: PER_SECOND, feeBps: 0 }).providerAmount).toBe(404_000n);
    const odd = encodeVideoPricing({ perSecond: parseDecimal('0.0000003') });
    expect(videoCharge(0.1, { pricing: odd, feeBps: 0 }).providerAmount).toBe(1n);
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 3_600_000 }), (milliseconds) => {
        const { providerAmount } = videoCharge(milliseconds / 1000, { pricing: PER_SECOND, feeBps: 0 });
        expect(providerAmount).toBe(BigInt(milliseconds) * 100n);
      }),
    );
  });
});
