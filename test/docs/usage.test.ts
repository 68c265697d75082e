import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { usageJson } from '../../src/chat/domain/usage-json.js';
import type { JsonObject } from '../../src/base/json.js';
import { parseDecimal } from '../../src/base/money/decimal.js';
import { chargeFor } from '../../src/base/money/metering.js';
import { convertUsage } from '../../src/providers/google/convert-usage.js';
import { usageOf } from '../../src/providers/openai/convert-usage.js';
import { responseUsage } from '../../src/responses/domain/response-usage.js';

interface Row {
  readonly service: string;
  readonly sends: JsonObject;
  /** What the service's invoice has. */
  readonly invoice: Readonly<Record<'plain' | 'cached' | 'written' | 'output' | 'reasoning', number>>;
}

const ROW =
  /^\| ([^|]+?) +\| `(\{.*\})` +\| (\d+) +\| (\d+) +\| (\d+) +\| (\d+) +\| (\d+) +\| \[reference\]\(https:/;

const rows: readonly Row[] = readFileSync(join(import.meta.dirname, '../../docs/usage.md'), 'utf8')
  .split('\n')
  .flatMap((line) => {
    const [, service = '', sends = '', ...counts] = ROW.exec(line) ?? [];
    if (service === '') return [];
    const [plain = 0, cached = 0, written = 0, output = 0, reasoning = 0] = counts.map(Number);
    return [
      {
        service,
        sends: JSON.parse(sends) as JsonObject,
        invoice: { plain, cached, written, output, reasoning },
      },
    ];
  });

const price = parseDecimal('1');
const tariff = {
  prices: { input: price, cachedInput: price, cacheWrite: price, output: price, reasoning: price },
} as Parameters<typeof chargeFor>[1];

describe('the table of how usage is counted', () => {
  it('has all of its rows', () => {
    expect(rows.length).toBeGreaterThanOrEqual(20);
  });

  it.each(rows.map((row) => [row.service, row] as const))(
    '%s: what is shown, what is charged and its invoice are the same',
    (_service, { sends, invoice }) => {
      const told = toldBy(sends);
      if (told?.type !== 'usage') throw new Error('no usage');
      const { plain, cached, written, output, reasoning } = invoice;
      const input = plain + cached + written;

      const { lineItems } = chargeFor([told.usage], tariff, { feeBps: 0, estimated: false });
      const charged = Object.fromEntries(lineItems.map(({ key, quantity }) => [key, quantity]));
      expect({ ...NOTHING, ...charged }).toEqual({
        input_tokens: plain,
        cached_input_tokens: cached,
        cache_write_tokens: written,
        output_tokens: output - reasoning,
        reasoning_tokens: reasoning,
      });

      const chat = usageJson(told) as Record<string, number & Record<string, number>>;
      expect([chat['prompt_tokens'], chat['completion_tokens'], chat['total_tokens']]).toEqual([
        input,
        output,
        input + output,
      ]);
      expect(chat['prompt_tokens_details']?.['cached_tokens'] ?? 0).toBe(cached);
      expect(chat['prompt_tokens_details']?.['cache_write_tokens'] ?? 0).toBe(written);
      expect(chat['completion_tokens_details']?.['reasoning_tokens'] ?? 0).toBe(reasoning);

      expect(responseUsage(told)).toEqual({
        input_tokens: input,
        input_tokens_details: { cached_tokens: cached, cache_write_tokens: written },
        output_tokens: output,
        output_tokens_details: { reasoning_tokens: reasoning },
        total_tokens: input + output,
      });
    },
  );
});

/** Each wire has names of its own. */
function toldBy(sends: JsonObject): ReturnType<typeof usageOf> {
  if (sends['usageMetadata'] === undefined) return usageOf(sends);
  const usage = convertUsage(sends['usageMetadata']);
  return usage === undefined || usage === 'refused' ? undefined : { type: 'usage', usage };
}

const NOTHING = {
  input_tokens: 0,
  cached_input_tokens: 0,
  cache_write_tokens: 0,
  output_tokens: 0,
  reasoning_tokens: 0,
};
