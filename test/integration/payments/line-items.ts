import fc from 'fast-check';
import type { LineItem } from '../../../src/base/money/receipt.js';

const KEYS = [
  'input_tokens',
  'cached_input_tokens',
  'cache_write_tokens',
  'cache_write_1h_tokens',
  'output_tokens',
  'reasoning_tokens',
  'tool_calls',
];

/** Some with the same key twice, as where two requests of one call have different prices. */
export const lineItems: fc.Arbitrary<LineItem[]> = fc.array(
  fc.record(
    {
      key: fc.oneof({ weight: 9, arbitrary: fc.constantFrom(...KEYS) }, fc.constant('["input_tokens",')),
      unit: fc.constantFrom('usd_per_1m_tokens', 'usd_per_call', '"input_tokens'),
      quantity: fc.integer({ min: 0, max: 2 ** 31 - 1 }),
      unitPriceUsd: fc.constantFrom('2', '0.000125'),
      amountWei: fc.nat().map(String),
      savedWei: fc.nat().map(String),
      estimated: fc.constant(true),
    },
    { requiredKeys: ['key', 'unit', 'quantity', 'unitPriceUsd', 'amountWei'] },
  ),
  { maxLength: 7 },
);
