import type { Pool } from 'pg';
import { columnText } from '../column-text.js';

/** Removes the content and keeps the row, for the chain through it. @returns false when it was not there. */
export async function eraseResponse(
  pool: Pool,
  {
    accountId,
    id,
    onlyChat,
  }: { readonly accountId: string; readonly id: string; readonly onlyChat: boolean },
): Promise<boolean> {
  const { rowCount } = await pool.query(
    `WITH erased AS (
       UPDATE responses SET deleted_at = now(), envelope = NULL, request = NULL, chat = NULL, chat_metadata = NULL
       WHERE id = $1 AND account_id = $2 AND deleted_at IS NULL AND (chat IS NOT NULL OR NOT $3) RETURNING id),
     items AS (DELETE FROM response_items i USING erased e WHERE i.response_id = e.id),
     events AS (DELETE FROM response_events v USING erased e WHERE v.response_id = e.id),
     answers AS (
       UPDATE idempotency_records o SET kind = 'erased', headers = NULL, content = NULL
       FROM erased e WHERE o.response_id = e.id)
     SELECT id FROM erased`,
    [columnText(id), accountId, onlyChat],
  );
  return rowCount === 1;
}
