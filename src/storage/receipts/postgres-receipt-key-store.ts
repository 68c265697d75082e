import { Injectable } from '@nestjs/common';
import type { Pool } from 'pg';
import { ReceiptKeyStore, type ReceiptKey } from '../../payments/receipts/receipt-key-store.js';
import { Database } from '../database.js';

/** Without Prisma: its first query keeps the process busy while it takes its lease. */
@Injectable()
export class PostgresReceiptKeyStore extends ReceiptKeyStore {
  private readonly pool: Pool;

  constructor({ pool }: Database) {
    super();
    this.pool = pool;
  }

  async add({ kid, x }: ReceiptKey): Promise<void> {
    await this.pool.query(
      'INSERT INTO receipt_keys (kid, public_key) VALUES ($1, $2) ON CONFLICT DO NOTHING',
      [kid, x],
    );
  }

  async all(): Promise<readonly ReceiptKey[]> {
    const { rows } = await this.pool.query<ReceiptKey>(
      'SELECT kid, public_key AS x FROM receipt_keys ORDER BY created_at DESC, kid',
    );
    return rows;
  }
}
