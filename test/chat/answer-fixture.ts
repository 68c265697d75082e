import { type Receipt } from '../../src/base/money/receipt.js';
import { NO_USAGE } from '../../src/base/money/usage.js';
import { type Outcome } from '../../src/payments/outcome.js';
import { type TextEvent } from '../../src/text/text-event.js';

export type TextOutcome = Outcome<TextEvent>;
export const head = { responseId: 'resp_1', createdSeconds: 1_700_000_000, model: 'gpt-5.5' };
export const receipt: Receipt = {
  id: 'rct_1',
  type: 'compose.receipt',
  finalAmountWei: '6060',
  providerAmountWei: '6000',
  platformFeeWei: '60',
  network: 'eip155:43113',
  meterSubject: 'openai:gpt-5.5',
  lineItems: [
    { key: 'input_tokens', unit: 'usd_per_1m_tokens', quantity: 1000, unitPriceUsd: '2', amountWei: '2000' },
  ],
  requestId: 'req_1',
  account: 'acme',
  settledAt: 1,
  settlementStatus: 'settled',
};
export const admission: TextOutcome = {
  admission: { budget: { limit: 100n, spent: 10n, held: 20n }, account: 'acme', loweredOutputCap: 64 },
};
export const opened: TextEvent = { type: 'opened', provider: 'azure', upstreamModel: 'gpt-ü', attempts: 2 };
export const usage: TextEvent = { type: 'usage', usage: { ...NO_USAGE, inputTokens: 3, outputTokens: 2 } };
export const answer: TextEvent[] = [
  opened,
  { type: 'start', choice: 0 },
  { type: 'reasoning_summary', choice: 0, text: 'hm' },
  { type: 'reasoning_signature', choice: 0, signature: 'cmp1.azure.S' },
  { type: 'text', choice: 0, text: 'He said "' },
  { type: 'text', choice: 0, text: '\u2028é"' },
  { type: 'tool_call_start', choice: 0, index: 0, id: 'call_1', name: 'f', kind: 'function' },
  { type: 'tool_call_delta', choice: 0, index: 0, arguments: '{"a":' },
  { type: 'tool_call_delta', choice: 0, index: 0, arguments: '1}' },
  { type: 'tool_call_start', choice: 0, index: 1, id: 'call_2', name: 'g', kind: 'custom' },
  { type: 'tool_call_delta', choice: 0, index: 1, arguments: 'raw' },
  usage,
  { type: 'finish', choice: 0, reason: 'tool_calls' },
];
export const outcomes = (events: TextEvent[]): TextOutcome[] => events.map((event) => ({ event }));
