import { describe, expect, it } from '@jest/globals';
import { buildReceipt, type SettledCharge } from '../../src/base/money/build-receipt.js';
import { parseDecimal } from '../../src/base/money/decimal.js';
import { chargeFor, type Charge } from '../../src/base/money/metering.js';
import { tariffFor, type Tariff } from '../../src/base/money/tariff.js';
import { NO_USAGE, type Usage } from '../../src/base/money/usage.js';

const usage = (inputTokens: number, outputTokens: number, more: Partial<Usage> = {}): Usage => ({
  ...NO_USAGE,
  inputTokens,
  outputTokens,
  ...more,
});
const receiptOf = (charge: Charge): SettledCharge => ({
  ...charge,
  ...{ receiptId: 'rct_1', accountId: 'a', requestId: 'req_1', responseId: undefined },
  ...{ network: 'eip155:1', meterSubject: 'p:m', finalAmount: 0n, overrun: 0n, settledAtMs: 0 },
});

describe('a receipt', () => {
  it('says what the cache saved at the prices of each request, and nothing where no line is of a cache', () => {
    const price = (input: string, cachedInput: string, cacheWrite: string, cacheWrite1h: string) => ({
      input: parseDecimal(input),
      output: parseDecimal('9'),
      cachedInput: parseDecimal(cachedInput),
      cacheWrite: parseDecimal(cacheWrite),
      cacheWrite1h: parseDecimal(cacheWrite1h),
    });
    const long = { ...price('10', '1', '12.5', '20'), aboveInputTokens: 200_000 };
    const priced = tariffFor(
      { ...price('5', '0.5', '6.25', '10'), longContext: long },
      {
        webSearch: false,
        hourCache: 'twice_input',
      },
    );
    const written = { cacheWriteTokens: 1_003, cacheWrite1hTokens: 1_000 };
    const used = [usage(5_000, 10, { cachedInputTokens: 1_001 }), usage(300_000, 10, written)];
    const savedBy = (requests: readonly Usage[]): string | undefined => {
      const charge = chargeFor(requests, priced as Tariff, { feeBps: 100, estimated: false });
      return buildReceipt(receiptOf(charge)).cacheSavedWei;
    };
    expect(savedBy([used[0]!])).toBe(String(1_001 * 5 - 501)); // 500.5 is charged as 501
    expect(savedBy([used[1]!])).toBe(String(3 * 10 - 38 + 1_000 * (10 - 20))); // 37.5 as 38
    expect(savedBy(used)).toBe(String(1_001 * 5 - 501 + 30 - 38 - 10_000));
    expect(savedBy([usage(5_000, 10)])).toBeUndefined();
  });
});
