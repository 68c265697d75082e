export type Row = Readonly<Record<string, unknown>>;

const HOUR_MS = 3_600_000;
const start = Date.now();

/** So many days before the tests began; a negative number lies ahead. */
export function ago(days: number): Date {
  return new Date(start - days * 24 * HOUR_MS);
}

/** The day in UTC of a time, as pg reads a column of the type date. */
export function dayOf(time: Date): Date {
  return new Date(`${time.toISOString().slice(0, 10)}T00:00`);
}

export const KEYS: readonly Row[] = [
  {
    id: 'web',
    account_id: 'acme',
    budget_limit: 10_000,
    budget_spent: 8_000,
    budget_held: 500,
    last_used_at: ago(0),
  },
  { id: 'batch', account_id: 'acme', budget_limit: null, budget_spent: 9_000_000, last_used_at: ago(1) },
  {
    id: 'site',
    account_id: 'beta',
    budget_limit: 10_000,
    budget_spent: 9_000,
    last_used_at: ago(2),
    expires_at: ago(-5),
  },
  { id: 'old', account_id: 'gamma', budget_limit: 1_000, last_used_at: ago(60), expires_at: ago(-20) },
  { id: 'unused', account_id: 'gamma', last_used_at: null },
  {
    id: 'gone',
    account_id: 'gamma',
    budget_limit: 100,
    budget_spent: 100,
    revoked_at: ago(1),
    expires_at: ago(-1),
  },
];

export function keyRow(key: Row): Row {
  const id = String(key['id']);
  return { ...key, id: `key_${id}`, name: id, key_hash: Buffer.from(id), created_at: ago(90) };
}

interface SeededReceipt {
  readonly id: number;
  readonly key: string;
  readonly account: string;
  readonly subject: string;
  readonly days: number;
  readonly provider: number;
  readonly fee: number;
  readonly overrun?: number;
  readonly status?: string;
  readonly estimated?: boolean;
  readonly agent?: readonly [session: string, agent?: string, parent?: string];
}

const web = { key: 'web', account: 'acme' };
const site = { key: 'site', account: 'beta' };
const gpt = { subject: 'openai:gpt-5.5' };
const claude = { subject: 'anthropic:claude' };
const haiku = { subject: 'anthropic:haiku' };

export const RECEIPTS: readonly SeededReceipt[] = [
  { ...web, ...gpt, id: 1, days: 1, provider: 1_000, fee: 10, agent: ['session-a'] },
  { ...web, ...gpt, id: 2, days: 1, provider: 2_000, fee: 20, estimated: true, agent: ['session-a', 'one'] },
  {
    ...web,
    ...claude,
    id: 3,
    days: 1,
    provider: 500,
    fee: 5,
    estimated: true,
    agent: ['session-a', 'two', 'one'],
  },
  {
    ...web,
    ...gpt,
    id: 4,
    key: 'batch',
    days: 2,
    provider: 4_000,
    fee: 40,
    overrun: 100,
    agent: ['session-b'],
  },
  { ...site, ...claude, id: 5, days: 3, provider: 10_000, fee: 100, status: 'pending' },
  { ...site, ...gpt, id: 6, days: 20, provider: 300, fee: 3, estimated: true },
  { ...site, ...haiku, id: 7, days: 4, provider: 700, fee: 7, status: 'failed', agent: ['session-c'] },
  { ...web, ...gpt, id: 8, days: 45, provider: 70_000, fee: 700, agent: ['session-old'] },
  { ...site, ...gpt, id: 9, days: 5, provider: 60, fee: 1, overrun: 11 },
];

export function receiptRow({ id, key, account, subject, days, provider, fee, ...rest }: SeededReceipt): Row {
  const { overrun = 0, status = 'settled', estimated = false, agent = [] } = rest;
  const line = (name: string, quantity: number): object => ({ key: name, quantity });
  return {
    id: `rct_${id}`,
    hold_id: `hold_${id}`,
    key_id: `key_${key}`,
    account_id: account,
    request_id: id === 4 ? 'req_example' : `req_${id}`,
    response_id: `resp_${id}`,
    network: 'eip155:43113',
    meter_subject: subject,
    provider_amount: provider,
    platform_fee: fee,
    overrun,
    final_amount: provider + fee - overrun,
    line_items: JSON.stringify([
      line('input_tokens', id),
      line('cached_input_tokens', 100),
      line('output_tokens', 10 * id),
      line('tool_calls', 9_999),
    ]),
    estimated,
    settlement_status: status,
    settled_at: ago(days),
    session_id: agent[0],
    agent_id: agent[1],
    parent_agent_id: agent[2],
  };
}

export const OVERRUNS: readonly Row[] = [
  overrun(1, 'acme', 'batch', 'req_example', 100, 'above_budget', 2),
  overrun(2, 'acme', 'batch', 'req_b', 30, 'above_budget', 3),
  overrun(3, 'acme', 'batch', 'req_c', 7, 'after_sweep', 3),
  overrun(4, 'beta', 'site', 'req_d', 50_000, 'after_sweep', 40),
];

function overrun(
  id: number,
  account: string,
  key: string,
  request: string,
  amount: number,
  reason: string,
  days: number,
): Row {
  return {
    id: `ovr_${id}`,
    hold_id: `hold_o${id}`,
    key_id: `key_${key}`,
    account_id: account,
    request_id: request,
    amount,
    reason,
    created_at: ago(days),
  };
}

export const HOLDS: readonly Row[] = [
  hold('a', 'web', 'acme', 'proc_live', 200, 'gpt-5.5', 2 / 24),
  hold('b', 'web', 'acme', 'proc_live', 300, 'claude', 1 / 24),
  hold('c', 'site', 'beta', 'proc_dead', 400, 'claude', 3 / 24),
  hold('d', 'site', 'beta', null, 600, 'sora', 4 / 24),
  hold('e', 'batch', 'acme', 'proc_gone', 500, 'claude', 5 / 24),
];

function hold(
  id: string,
  key: string,
  account: string,
  process: string | null,
  amount: number,
  model: string,
  days: number,
): Row {
  return {
    id: `hold_${id}`,
    key_id: `key_${key}`,
    account_id: account,
    process_id: process,
    request_id: id === 'a' ? 'req_example' : `req_${id}`,
    amount,
    sent: id !== 'b',
    input_tokens: 5,
    output_tokens: amount / 100,
    terms: JSON.stringify({ provider: 'p', model }),
    created_at: ago(days),
  };
}

interface SeededResponse {
  readonly id: string;
  readonly hold?: number;
  readonly account: string;
  readonly key: string;
  readonly model: string;
  readonly status: string;
  readonly days: number;
  /** Milliseconds; absent while it runs. */
  readonly took?: number;
  readonly previous?: string;
  readonly conversation?: string;
  readonly more?: Row;
}

const acme = { account: 'acme', key: 'web', model: 'gpt-5.5', status: 'completed' };
const beta = { account: 'beta', key: 'site', model: 'claude', status: 'completed' };

/** A chain of three with a fork, one of two whose parent was purged, one in a conversation, and loose ones. */
export const RESPONSES: readonly SeededResponse[] = [
  { ...acme, id: 'resp_1', hold: 1, days: 1, took: 1_000 },
  { ...acme, id: 'resp_2', hold: 2, days: 1, took: 3_000, previous: 'resp_1' },
  {
    ...acme,
    id: 'resp_3',
    hold: 3,
    days: 1,
    took: 2_000,
    previous: 'resp_2',
    model: 'claude',
    status: 'incomplete',
  },
  {
    ...acme,
    id: 'resp_4',
    hold: 4,
    days: 2,
    took: 9_000,
    previous: 'resp_1',
    key: 'batch',
    more: { request_id: 'req_example' },
  },
  { ...beta, id: 'resp_5', hold: 5, days: 3, took: 40_000, model: 'haiku', more: { background: true } },
  { ...beta, id: 'resp_6', hold: 6, days: 20, took: 500_000, previous: 'resp_purged' },
  { ...beta, id: 'resp_7', days: 2, took: 10, status: 'failed', conversation: 'conv_1' },
  { ...beta, id: 'resp_8', hold: 9, days: 9, took: 20, status: 'failed', conversation: 'conv_2' },
  { ...beta, id: 'resp_9', hold: 7, days: 2, took: 600, conversation: 'conv_1', previous: 'resp_6' },
  { ...beta, id: 'resp_a', days: 2 / 24, status: 'in_progress', more: { background: true, runs: 2 } },
  { ...acme, id: 'resp_b', days: 0.5 / 24, status: 'in_progress' },
  { ...acme, id: 'resp_c', days: 2, took: 700, more: { deleted_at: ago(1) } },
  { ...acme, id: 'resp_d', days: 2, took: 5, status: 'failed' },
  { ...acme, id: 'resp_e', days: 45, took: 5 },
];

export function responseRow(seeded: SeededResponse): Row {
  const {
    id,
    hold: paidBy,
    account,
    key,
    model,
    status,
    days,
    took,
    previous,
    conversation: on,
    more,
  } = seeded;
  return {
    id,
    account_id: account,
    key_id: `key_${key}`,
    request_id: `req_of_${id}`,
    status,
    model,
    previous_response_id: previous ?? null,
    conversation_id: on ?? null,
    background: false,
    streamed: false,
    hold_id: paidBy === undefined ? `hold_of_${id}` : `hold_${paidBy}`,
    process_id: 'proc_live',
    created_at: ago(days),
    finished_at: took === undefined ? null : new Date(ago(days).getTime() + took),
    last_used_at: ago(days),
    ...more,
  };
}

export function conversation(id: string, account: string, days: number): Row {
  return { id, account_id: account, metadata: '{}', created_at: ago(days), last_used_at: ago(days) };
}
