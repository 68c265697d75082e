import { Injectable } from '@nestjs/common';
import type { Pool } from 'pg';
import { AccountStore, type AccountRecord } from '../../payments/accounts/account-store.js';
import { columnText } from '../column-text.js';
import { Database } from '../database.js';

interface AccountRow {
  readonly id: string;
  readonly created_at: Date;
  readonly stored_bytes: number;
  readonly max_stored_bytes: number | null;
}

/** `float8` holds every number of bytes exactly, and pg reads it as a number. */
const COLUMNS = `a.id, a.created_at, stored_bytes(a)::float8 AS stored_bytes, a.max_stored_bytes::float8`;

@Injectable()
export class PostgresAccountStore extends AccountStore {
  private readonly pool: Pool;

  constructor({ pool }: Database) {
    super();
    this.pool = pool;
  }

  async find(id: string): Promise<AccountRecord | undefined> {
    const { rows } = await this.pool.query<AccountRow>(`SELECT ${COLUMNS} FROM accounts a WHERE a.id = $1`, [
      columnText(id),
    ]);
    return recordOf(rows[0]);
  }

  async setMaxStoredBytes(id: string, bytes: number | null): Promise<AccountRecord | undefined> {
    const { rows } = await this.pool.query<AccountRow>(
      `UPDATE accounts a SET max_stored_bytes = $2 WHERE a.id = $1 RETURNING ${COLUMNS}`,
      [columnText(id), bytes],
    );
    return recordOf(rows[0]);
  }

  async foldStoredChanges(limit: number): Promise<number> {
    const { rows } = await this.pool.query<{ folded: number }>('SELECT fold_stored_changes($1) AS folded', [
      limit,
    ]);
    return rows[0]?.folded ?? 0;
  }
}

function recordOf(row: AccountRow | undefined): AccountRecord | undefined {
  return (
    row && {
      id: row.id,
      createdAt: row.created_at,
      storedBytes: row.stored_bytes,
      maxStoredBytes: row.max_stored_bytes,
    }
  );
}
