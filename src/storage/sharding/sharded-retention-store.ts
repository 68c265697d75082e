import { Injectable } from '@nestjs/common';
import { PostgresRetentionStore } from '../responses/postgres-retention-store.js';

@Injectable()
export class ShardedRetentionStore extends PostgresRetentionStore {
  override purgeResponses(before: Date, limit: number): Promise<number> {
    return this.purged('purge_responses', before, limit);
  }

  override purgeConversations(before: Date, limit: number): Promise<number> {
    return this.purged('purge_conversations', before, limit);
  }

  override purgeLogs(before: Date, limit: number): Promise<number> {
    return this.purged('purge_logs', before, limit);
  }

  private async purged(purge: string, before: Date, limit: number): Promise<number> {
    const { rows } = await this.pool.query<{ purged: number }>(`SELECT sharded.${purge}($1, $2) AS purged`, [
      before,
      limit,
    ]);
    return rows[0]?.purged ?? 0;
  }
}
