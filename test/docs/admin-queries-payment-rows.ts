import { ago, type Row } from './admin-queries-rows.js';

/** A wallet that no question about keys may show, though it has used up its limit and nobody used it lately. */
export const WALLETS: readonly Row[] = [
  {
    id: 'wal_a',
    account_id: 'eip155:0xa',
    key_hash: Buffer.from('wal_a'),
    wallet: '0xa',
    chain_id: 43113,
    budget_limit: 100,
    budget_spent: 100,
    expires_at: ago(-2),
    created_at: ago(90),
  },
];

export const PAYMENTS: readonly Row[] = [
  payment(1, 'exact', 'settled', { amount: 700 }),
  payment(2, 'exact', 'settled', { amount: 300, refund_due: 300, refund_due_at: ago(1) }),
  payment(3, 'exact', 'settled', {
    ...{ amount: 90, refund_due: 90, refund_due_at: ago(2), refunded_at: ago(1), refund_hash: '0xback' },
  }),
  payment(4, 'upto', 'settled', { amount: 50 }),
  payment(5, 'upto', 'failed', { amount: 60, failure: 'expired' }),
  payment(6, 'upto', 'burned', { amount: 0 }),
  payment(7, 'upto', 'due', { amount: 40, attempts: 2, next_attempt_at: ago(0), settled_at: null }),
  payment(8, 'upto', 'claimed', { settled_at: null }),
  payment(9, 'upto', 'settled', { amount: 5_000, settled_at: ago(40) }),
];

function payment(id: number, scheme: string, state: string, more: Row): Row {
  return {
    id: `pay_${id}`,
    key_id: 'wal_a',
    account_id: 'eip155:0xa',
    chain_id: 43113,
    scheme,
    method: 'permit2',
    payer: '0xa',
    contract: '0xc',
    nonce: id,
    asset: '0xd',
    pay_to: '0xe',
    authorised: 10_000,
    valid_until: ago(-1),
    payload: '{}',
    requirements: '{}',
    hold_id: `hold_of_pay_${id}`,
    request_id: `req_of_pay_${id}`,
    once_key: `once-${id}`,
    fingerprint: Buffer.from('x'),
    state,
    transaction_hash: state === 'settled' ? `0x${id}` : null,
    claimed_at: ago(id),
    settled_at: ago(id),
    ...more,
  };
}

/** As in the expected answers of the other questions. */
export const PAYMENT_ANSWERS: Readonly<Record<string, readonly object[]>> = {
  'What did wallets pay in the last 30 days?': [
    { network: 'eip155:43113', scheme: 'exact', payments: 3, amount: '700', failed: 0 },
    { network: 'eip155:43113', scheme: 'upto', payments: 1, amount: '50', failed: 1 },
  ],
  'Which payments by wallets are still to be moved?': [
    {
      ...{ payment_id: 'pay_7', claimed_at: ago(7), network: 'eip155:43113', payer: '0xa', amount: '40' },
      ...{ valid_until: ago(-1), attempts: 2, next_attempt_at: ago(0), request_id: 'req_of_pay_7' },
    },
  ],
  'What is owed to wallets?': [
    {
      ...{ payment_id: 'pay_2', refund_due_at: ago(1), network: 'eip155:43113', payer: '0xa', amount: '300' },
      ...{ transaction_hash: '0x2', request_id: 'req_of_pay_2' },
    },
  ],
};
