import { Injectable } from '@nestjs/common';
import { CompactionKeyStore } from '../../responses/compaction/compaction-key-store.js';
import { Database } from '../database.js';

const CALLER = `SELECT account_id FROM api_keys
  WHERE key_hash = $1 AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > now())`;

@Injectable()
export class PostgresCompactionKeyStore extends CompactionKeyStore {
  constructor(private readonly database: Database) {
    super();
  }

  async keepOrFind(keyHash: Buffer, offered: Buffer): Promise<Buffer | undefined> {
    const { pool } = this.database;
    const kept = await pool.query<{ compaction_key: Buffer | null }>({
      name: 'find_compaction_key',
      text: `SELECT compaction_key FROM accounts WHERE id = (${CALLER})`,
      values: [keyHash],
    });
    const [row] = kept.rows;
    if (!row || row.compaction_key) return row?.compaction_key ?? undefined;
    // Two that come at once agree on the first: the second one waits for its row and looks at it again.
    const written = await pool.query<{ compaction_key: Buffer }>(
      `UPDATE accounts SET compaction_key = coalesce(compaction_key, $2) WHERE id = (${CALLER})
       RETURNING compaction_key`,
      [keyHash, offered],
    );
    return written.rows[0]?.compaction_key;
  }
}
