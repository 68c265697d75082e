import { Injectable } from '@nestjs/common';
import type { Pool } from 'pg';
import type { Receipt } from '../../base/money/receipt.js';
import { ReceiptStore, type ReceiptPage } from '../../payments/receipts/receipt-store.js';
import type { PageRequest } from '../../base/shape/page-query.js';
import { columnText } from '../column-text.js';
import { Database } from '../database.js';
import { RECEIPT_COLUMNS, storedReceipt, type ReceiptRow } from '../responses/stored-receipt.js';

interface OwnReceiptRow extends ReceiptRow {
  readonly response_id: string | null;
}

const SELECT = `SELECT t.account_id, t.response_id, ${RECEIPT_COLUMNS} FROM receipts t`;

@Injectable()
export class PostgresReceiptStore extends ReceiptStore {
  private readonly pool: Pool;

  constructor({ pool }: Database) {
    super();
    this.pool = pool;
  }

  async find(accountId: string, id: string): Promise<Receipt | undefined> {
    const { rows } = await this.pool.query<OwnReceiptRow>(`${SELECT} WHERE t.id = $1 AND t.account_id = $2`, [
      columnText(id),
      accountId,
    ]);
    return receiptsOf(rows)[0];
  }

  async page(accountId: string, { limit, order, after }: PageRequest): Promise<ReceiptPage> {
    const [beyond, direction] = order === 'asc' ? ['>', 'ASC'] : ['<', 'DESC'];
    const { rows } = await this.pool.query<OwnReceiptRow>(
      `${SELECT}
       WHERE t.account_id = $1 AND ($2::text IS NULL OR (t.settled_at, t.id) ${beyond} (
         SELECT a.settled_at, a.id FROM receipts a WHERE a.id = $2 AND a.account_id = $1))
       ORDER BY t.settled_at ${direction}, t.id ${direction} LIMIT $3`,
      [accountId, after === undefined ? null : columnText(after), limit + 1],
    );
    return { receipts: receiptsOf(rows.slice(0, limit)), hasMore: rows.length > limit };
  }
}

function receiptsOf(rows: readonly OwnReceiptRow[]): readonly Receipt[] {
  return rows.flatMap((row) => storedReceipt(row, row.response_id ?? undefined) ?? []);
}
