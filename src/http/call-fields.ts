import type { CallReport } from '../payments/call-reports.js';

/** What the log says of a paid call. Amounts are atomic USDC, times milliseconds. What is undefined is left out. */
export function callFields(report: CallReport): Readonly<Record<string, unknown>> {
  const { model, provider, outcome, errorCode, grant, measurement, receipt, firstWordMs } = report;
  return {
    model,
    provider,
    keyId: grant?.keyId,
    account: grant?.accountId,
    outcome,
    code: errorCode,
    inputTokens: measurement?.usage.inputTokens,
    cachedInputTokens: measurement?.usage.cachedInputTokens,
    outputTokens: measurement?.usage.outputTokens,
    estimated: measurement?.estimated === true || undefined,
    costAtomic: receipt?.finalAmountWei,
    receiptId: receipt?.id,
    firstWordMs: firstWordMs === undefined ? undefined : Math.round(firstWordMs),
  };
}
