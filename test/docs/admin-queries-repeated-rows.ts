import { ago, type Row } from './admin-queries-rows.js';

export const IDEMPOTENCY_RECORDS: readonly Row[] = [
  idempotencyRecord('acme', 1, 'whole', 2),
  idempotencyRecord('acme', 3, 'stream', 1),
  idempotencyRecord('acme', 4, 'lost', 0),
  idempotencyRecord('acme', 99, null, 0),
  idempotencyRecord('beta', 5, 'stream', 4),
  idempotencyRecord('beta', 6, 'lost', 0),
];

function idempotencyRecord(account: string, hold: number, kind: string | null, replays: number): Row {
  return {
    account_id: account,
    key: `again-${hold}`,
    fingerprint: Buffer.from('x'),
    hold_id: `hold_${hold}`,
    response_id: `resp_${hold}`,
    created_at: ago(0.5),
    finished_at: kind === null ? null : ago(hold / 16),
    kind,
    replays,
  };
}
