import type { CallReport } from '../payments/call-reports.js';

/** What the log says of a paid call. Amounts are atomic USDC, times milliseconds. */
export function callFields(report: CallReport): Readonly<Record<string, unknown>> {
  const { model, provider, outcome, errorCode, grant, measurement, receipt, firstWordMs } = report;
  return {
    model,
    provider,
    ...(grant && { keyId: grant.keyId, account: grant.accountId }),
    outcome,
    ...(errorCode !== undefined && { code: errorCode }),
    ...(measurement && {
      inputTokens: measurement.usage.inputTokens,
      cachedInputTokens: measurement.usage.cachedInputTokens,
      outputTokens: measurement.usage.outputTokens,
      ...(measurement.estimated && { estimated: true }),
    }),
    ...(receipt && { costAtomic: receipt.finalAmountWei, receiptId: receipt.id }),
    ...(firstWordMs !== undefined && { firstWordMs: Math.round(firstWordMs) }),
  };
}
