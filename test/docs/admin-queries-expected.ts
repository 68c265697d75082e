import { expect } from '@jest/globals';
import { PAYMENT_ANSWERS } from './admin-queries-payment-rows.js';
import { ago, dayOf, RECEIPTS, RESPONSES } from './admin-queries-rows.js';
import { VIDEO_ANSWERS } from './admin-queries-video-answers.js';

/** What each query of docs/admin-queries.md answers on the seeded rows. Whoever adds a query adds its answer. */
export const EXPECTED: Readonly<Record<string, readonly object[]>> = {
  ...VIDEO_ANSWERS,
  ...PAYMENT_ANSWERS,
  'Which accounts have used four fifths of what they may store?': [
    { account: 'gamma', stored_bytes: '0', max_stored_bytes: '0' },
  ],
  'What did each key cost, day by day, in the last week?': [
    { day: dayOf(ago(1)), account: 'acme', key: 'web', calls: 3, usdc: '0.003535' },
    { day: dayOf(ago(2)), account: 'acme', key: 'batch', calls: 1, usdc: '0.003940' },
    { day: dayOf(ago(5)), account: 'beta', key: 'site', calls: 1, usdc: '0.000050' },
  ],
  'Whose requests were sent again, and what did that save?': [
    { account: 'beta', requests: 1, replays: 4, amount_saved: '40400' },
    { account: 'acme', requests: 2, replays: 3, amount_saved: '2525' },
  ],
  'Which requests were charged, although their answer was lost?': [
    {
      account: 'acme',
      idempotency_key: 'again-4',
      receipt_id: 'rct_4',
      request_id: 'req_example',
      final_amount: '3940',
      finished_at: ago(4 / 16),
    },
    {
      account: 'beta',
      idempotency_key: 'again-6',
      receipt_id: 'rct_6',
      request_id: 'req_6',
      final_amount: '303',
      finished_at: ago(6 / 16),
    },
  ],
  'Which sessions of agents cost most in the last week?': [
    { session_id: 'session-b', key: 'batch', calls: 1, subagents: 0, input_tokens: '104', usdc: '0.003940' },
    { session_id: 'session-a', key: 'web', calls: 3, subagents: 2, input_tokens: '306', usdc: '0.003535' },
  ],
  'What did each agent of a session cost?': [
    { agent_id: 'one', parent_agent_id: null, calls: 1, amount: '2020' },
    { agent_id: null, parent_agent_id: null, calls: 1, amount: '1010' },
    { agent_id: 'two', parent_agent_id: 'one', calls: 1, amount: '505' },
  ],
  'Which accounts paid most in the last 30 days?': [
    { account: 'acme', calls: 4, usdc: '0.007475', percent: '95.5' },
    { account: 'beta', calls: 2, usdc: '0.000353', percent: '4.5' },
  ],
  'Which keys have used four fifths of their limit?': [
    {
      account: 'beta',
      name: 'site',
      key_id: 'key_site',
      budget_limit: '10000',
      budget_remaining: '1000',
      percent: '90.0',
    },
    {
      account: 'acme',
      name: 'web',
      key_id: 'key_web',
      budget_limit: '10000',
      budget_remaining: '1500',
      percent: '85.0',
    },
  ],
  'What did the platform fee bring, by month?': feesByMonth(),
  'What did no budget pay for?': [
    { account: 'acme', key: 'batch', reason: 'above_budget', times: 2, amount: '130', last: ago(2) },
    { account: 'acme', key: 'batch', reason: 'after_sweep', times: 1, amount: '7', last: ago(3) },
  ],
  'Which receipts are not settled?': [
    {
      ...{ receipt_id: 'rct_5', settled_at: ago(3), account: 'beta', settlement_status: 'pending' },
      ...{ final_amount: '10100', network: 'eip155:43113', tx_hash: null, request_id: 'req_5' },
    },
    {
      ...{ receipt_id: 'rct_7', settled_at: ago(4), account: 'beta', settlement_status: 'failed' },
      ...{ final_amount: '707', network: 'eip155:43113', tx_hash: null, request_id: 'req_7' },
    },
  ],
  'Who used a model in the last week?': [
    { account: 'acme', calls: 3, input_tokens: '307', output_tokens: '70', last_used: dayOf(ago(1)) },
    { account: 'beta', calls: 1, input_tokens: '109', output_tokens: '90', last_used: dayOf(ago(5)) },
  ],
  'How much was estimated, rather than measured by the provider?': [
    { provider: 'openai', model: 'gpt-5.5', calls: 5, estimated: 2, percent_of_amount: '31.7' },
    { provider: 'anthropic', model: 'claude', calls: 2, estimated: 1, percent_of_amount: '4.8' },
  ],
  'Which models are slowest?': [
    { model: 'gpt-5.5', calls: 4, median_ms: 2000, p95_ms: 8100, slowest_ms: '9000' },
    { model: 'claude', calls: 2, median_ms: 1300, p95_ms: 1930, slowest_ms: '2000' },
  ],
  'Which models fail, and how often?': [
    { model: 'claude', calls: 3, failed: 1, percent: '33.3' },
    { model: 'gpt-5.5', calls: 5, failed: 1, percent: '20.0' },
  ],
  'Which keys has nobody used for a month?': [
    { account: 'gamma', name: 'unused', key_id: 'key_unused', created_at: ago(90), last_used_at: null },
    { account: 'gamma', name: 'old', key_id: 'key_old', created_at: ago(90), last_used_at: ago(60) },
  ],
  'Which keys expire in the next two weeks?': [
    { account: 'beta', name: 'site', key_id: 'key_site', expires_at: ago(-5) },
  ],
  'What runs now, and what does it hold?': [
    {
      key: 'batch',
      model: 'claude',
      amount: '500',
      sent: true,
      output_tokens: 5,
      since: hours(5),
      request_id: 'req_e',
    },
    {
      key: 'site',
      model: 'sora',
      amount: '600',
      sent: true,
      output_tokens: 6,
      since: hours(4),
      request_id: 'req_d',
    },
    {
      key: 'site',
      model: 'claude',
      amount: '400',
      sent: true,
      output_tokens: 4,
      since: hours(3),
      request_id: 'req_c',
    },
    {
      ...{ key: 'web', model: 'gpt-5.5', amount: '200', sent: true, output_tokens: 2, since: hours(2) },
      request_id: 'req_example',
    },
    {
      key: 'web',
      model: 'claude',
      amount: '300',
      sent: false,
      output_tokens: 3,
      since: hours(1),
      request_id: 'req_b',
    },
  ],
  'Which processes hold money, and which of them are dead?': [
    { process_id: 'proc_gone', process_alive: false, calls: 1, held: '500' },
    { process_id: 'proc_dead', process_alive: false, calls: 1, held: '400' },
    { process_id: 'proc_live', process_alive: true, calls: 2, held: '500' },
    { process_id: null, process_alive: null, calls: 1, held: '600' },
  ],
  'Which responses have been running for more than an hour?': [
    {
      ...{ response_id: 'resp_a', account: 'beta', model: 'claude', status: 'in_progress', background: true },
      ...{ runs: 2, created_at: ago(2 / 24), cancel_requested_at: null },
    },
  ],
  'What became of one request?': [
    {
      found: 'receipt',
      id: 'rct_4',
      key_id: 'key_batch',
      model: 'gpt-5.5',
      status: 'settled',
      amount: '3940',
    },
    {
      found: 'response',
      id: 'resp_4',
      key_id: 'key_batch',
      model: 'gpt-5.5',
      status: 'completed',
      amount: '3940',
    },
    { found: 'video', id: 'video_g', key_id: 'key_site', model: 'sora', status: 'processing', amount: null },
    { found: 'open hold', id: 'hold_a', key_id: 'key_web', model: 'gpt-5.5', status: 'sent', amount: '200' },
    {
      found: 'overrun',
      id: 'ovr_1',
      key_id: 'key_batch',
      model: null,
      status: 'above_budget',
      amount: '100',
    },
  ],
  'How fast does it grow?': growthByDay(),
  'Which accounts keep most?': [
    { account: 'acme', responses: 7, bytes: '32', oldest_use: ago(45) },
    { account: 'beta', responses: 6, bytes: '10', oldest_use: ago(20) },
  ],
  'How deep are chains?': [
    { depth: 3, chains: 1, responses: 4, amount: '7475' },
    { depth: 2, chains: 1, responses: 2, amount: '1010' },
    { depth: 1, chains: 8, responses: 8, amount: '10150' },
  ],
  'Which chains cost most?': [
    {
      ...{ chain_id: 'resp_1', account: 'acme', depth: 3, responses: '4', models: ['claude', 'gpt-5.5'] },
      ...{ final_amount: '7475', last_created_at: ago(1) },
    },
    {
      ...{ chain_id: 'resp_6', account: 'beta', depth: 2, responses: '2', models: ['claude'] },
      ...{ final_amount: '1010', last_created_at: ago(2) },
    },
  ],
  'What does a conversation cost?': [
    {
      ...{ conversation_id: 'conv_1', account: 'acme', responses: '2', items: '1', content_bytes: '13' },
      ...{ final_amount: '707', last_used_at: ago(2) },
    },
    {
      ...{ conversation_id: 'conv_2', account: 'beta', responses: '1', items: '0', content_bytes: '0' },
      ...{ final_amount: '50', last_used_at: ago(9) },
    },
  ],
};

/** An interval of so many hours; the seconds since the rows were written come on top. */
function hours(count: number): unknown {
  return expect.objectContaining({ hours: count });
}

/** In which months the rows fall depends on the day of the test. */
function feesByMonth(): readonly object[] {
  const settled = RECEIPTS.filter(({ status }) => status === undefined);
  const months = settled.map(({ days }) => ago(days).toISOString().slice(0, 7));
  return [...new Set(months)]
    .sort()
    .reverse()
    .map((month) => {
      const receipts = settled.filter((_receipt, index) => months[index] === month);
      const fees = receipts.reduce((sum, { fee }) => sum + fee, 0);
      const overruns = receipts.reduce((sum, { overrun = 0 }) => sum + overrun, 0);
      return {
        month,
        calls: receipts.length,
        fees: String(fees),
        overruns: String(overruns),
        left_over: String(fees - overruns),
      };
    });
}

function growthByDay(): readonly object[] {
  const kept = RESPONSES.filter(({ days, more }) => days < 30 && more?.['deleted_at'] === undefined);
  const times = kept.map(({ days }) => dayOf(ago(days)).getTime());
  const sizes = new Map([
    ['resp_1', { items: 2, bytes: 25 }],
    ['resp_2', { items: 1, bytes: 7 }],
    ['resp_6', { items: 1, bytes: 10 }],
  ]);
  return [...new Set(times)]
    .sort((a, b) => b - a)
    .map((time) => {
      const responses = kept.filter((_response, index) => times[index] === time);
      const stored = responses.flatMap(({ id }) => sizes.get(id) ?? []);
      return {
        day: new Date(time),
        responses: responses.length,
        items: stored.reduce((sum, { items }) => sum + items, 0),
        bytes: String(stored.reduce((sum, { bytes }) => sum + bytes, 0)),
      };
    });
}
