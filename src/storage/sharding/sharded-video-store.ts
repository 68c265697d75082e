import { Injectable } from '@nestjs/common';
import { columnText } from '../column-text.js';
import { PostgresVideoStore } from '../videos/postgres-video-store.js';

/** Jobs are on the coordinator, as their holds are; the answers to requests that run once are not. */
@Injectable()
export class ShardedVideoStore extends PostgresVideoStore {
  override async withdraw(id: string): Promise<void> {
    await this.pool.query({
      name: 'withdraw_video_sharded',
      text: `
WITH gone AS MATERIALIZED (
  DELETE FROM videos WHERE id = $1 AND status = 'submitting' AND process_id = $2 RETURNING hold_id, key_id, account_id),
released AS MATERIALIZED (
  SELECT g.hold_id, g.account_id, release_holds(ARRAY[g.hold_id], ARRAY[g.key_id]) FROM gone g)
SELECT sharded.forget_once(r.account_id, r.hold_id, true) FROM released r`,
      values: [id, this.identity.id],
    });
  }

  override async erase(accountId: string, id: string): Promise<boolean> {
    const { rowCount } = await this.pool.query(
      `WITH erased AS (
         UPDATE videos SET deleted_at = now(), request = NULL, content = NULL
         WHERE id = $1 AND account_id = $2 AND deleted_at IS NULL AND finished_at IS NOT NULL RETURNING id)
       SELECT e.id, sharded.erase_answers($2, e.id) FROM erased e`,
      [columnText(id), accountId],
    );
    return rowCount === 1;
  }
}
