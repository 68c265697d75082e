import { Injectable } from '@nestjs/common';
import { CompactionKeyStore } from '../../responses/compaction/compaction-key-store.js';
import { callerBy } from '../caller.js';
import { Database } from '../database.js';
import type { Payer } from '../../payments/payer.js';

const NAMED = '$1';
const CALLER = `(WITH ${callerBy('$1')} SELECT account_id FROM caller)`;

@Injectable()
export class PostgresCompactionKeyStore extends CompactionKeyStore {
  constructor(private readonly database: Database) {
    super();
  }

  keepOrFind(payer: Payer, offered: Buffer): Promise<Buffer | undefined> {
    return this.find('find_compaction_key', CALLER, payer.hash, offered);
  }

  async keepOrFindOf(accountId: string, offered: Buffer): Promise<Buffer> {
    const kept = await this.find('find_compaction_key_of', NAMED, accountId, offered);
    if (!kept) throw new Error('there is no such account');
    return kept;
  }

  private async find(
    name: string,
    account: string,
    by: Buffer | string,
    offered: Buffer,
  ): Promise<Buffer | undefined> {
    const { pool } = this.database;
    const kept = await pool.query<{ compaction_key: Buffer | null }>({
      name,
      text: `SELECT compaction_key FROM accounts WHERE id = ${account}`,
      values: [by],
    });
    const [row] = kept.rows;
    if (!row || row.compaction_key) return row?.compaction_key ?? undefined;
    // Two calls at once agree on the first key: the second call waits for the row and looks at it again.
    const written = await pool.query<{ compaction_key: Buffer }>(
      `UPDATE accounts SET compaction_key = coalesce(compaction_key, $2) WHERE id = ${account}
       RETURNING compaction_key`,
      [by, offered],
    );
    return written.rows[0]?.compaction_key;
  }
}
