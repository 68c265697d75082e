import type { Pool } from 'pg';
import { IDEMPOTENCY_RECORDS } from './admin-queries-repeated-rows.js';
import {
  ago,
  conversation,
  HOLDS,
  keyRow,
  KEYS,
  OVERRUNS,
  receiptRow,
  RECEIPTS,
  responseRow,
  RESPONSES,
  type Row,
} from './admin-queries-rows.js';
import { PAYMENTS, WALLETS } from './admin-queries-payment-rows.js';
import { VIDEOS } from './admin-queries-video-rows.js';

async function insert(pool: Pool, table: string, rows: readonly Row[]): Promise<void> {
  for (const row of rows) {
    const columns = Object.keys(row);
    await pool.query(
      `INSERT INTO ${table} (${columns.join(', ')}) VALUES (${columns.map((_, index) => `$${index + 1}`).join(', ')})`,
      Object.values(row),
    );
  }
}

/** Figures that are all different, with rows that each query has to leave out. */
export async function seed(pool: Pool): Promise<void> {
  const accounts = [{ id: 'acme' }, { id: 'beta' }, { id: 'gamma', max_stored_bytes: 0 }];
  await insert(pool, 'accounts', [...accounts, ...WALLETS.map((wallet) => ({ id: wallet['account_id'] }))]);
  await insert(pool, 'api_keys', [...KEYS.map(keyRow), ...WALLETS]);
  await insert(pool, 'x402_payments', PAYMENTS);
  await insert(pool, 'receipts', RECEIPTS.map(receiptRow));
  await insert(pool, 'overruns', OVERRUNS);
  await insert(pool, 'gateway_processes', [
    { id: 'proc_live', lease_expires_at: ago(-1) },
    { id: 'proc_dead', lease_expires_at: ago(1) },
  ]);
  await insert(pool, 'holds', HOLDS);
  await insert(pool, 'idempotency_records', IDEMPOTENCY_RECORDS);
  await insert(pool, 'videos', VIDEOS);
  await insert(pool, 'responses', RESPONSES.map(responseRow));
  await insert(pool, 'response_items', [
    {
      response_id: 'resp_1',
      direction: 0,
      position: 0,
      account_id: 'acme',
      item_id: 'a',
      item: '"a question"',
    },
    {
      response_id: 'resp_1',
      direction: 1,
      position: 0,
      account_id: 'acme',
      item_id: 'b',
      item: '"an answer"',
    },
    { response_id: 'resp_2', direction: 0, position: 0, account_id: 'acme', item_id: 'd', item: '"more"' },
    { response_id: 'resp_6', direction: 0, position: 0, account_id: 'beta', item_id: 'c', item: '"another"' },
  ]);
  await insert(pool, 'conversations', [
    conversation('conv_1', 'acme', 2),
    conversation('conv_2', 'beta', 9),
    { ...conversation('conv_3', 'acme', 3), deleted_at: ago(1) },
  ]);
  await insert(pool, 'conversation_items', [
    { conversation_id: 'conv_1', position: 0, account_id: 'acme', item_id: 'a', item: '"a question"' },
  ]);
}
