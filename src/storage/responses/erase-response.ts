import type { ClientBase } from 'pg';
import { columnText } from '../column-text.js';
import { ROW_BYTES } from '../records/record-columns.js';

/**
 * Removes the content and keeps the row, for the chain through it. A response that is not stored has no row, but its
 * answer may be kept for a repeated request: then the answer is removed, or not even written.
 *
 * @returns false when there was neither a row nor an answer
 */
export async function eraseResponse(
  database: Pick<ClientBase, 'query'>,
  {
    accountId,
    id,
    onlyChat,
  }: { readonly accountId: string; readonly id: string; readonly onlyChat: boolean },
): Promise<boolean> {
  const { rowCount } = await database.query(
    `WITH erased AS (
       UPDATE responses SET deleted_at = now(), envelope = NULL, request = NULL, chat = NULL, chat_metadata = NULL,
              stored_bytes = ${ROW_BYTES}
       WHERE id = $1 AND account_id = $2 AND deleted_at IS NULL AND (chat IS NOT NULL OR NOT $3) RETURNING id),
     items AS (DELETE FROM response_items i USING erased e WHERE i.response_id = e.id),
     events AS (DELETE FROM response_events v USING erased e WHERE v.response_id = e.id),
     answers AS (
       UPDATE idempotency_records o SET kind = 'erased', headers = NULL, content = NULL
       WHERE o.response_id = $1 AND o.account_id = $2 AND o.kind IS DISTINCT FROM 'erased' AND (
         EXISTS (SELECT FROM erased)
         OR ($1 LIKE 'resp\\_%' AND NOT EXISTS (SELECT FROM responses r WHERE r.id = $1)))
       RETURNING o.response_id)
     SELECT id FROM erased UNION SELECT response_id FROM answers`,
    [columnText(id), accountId, onlyChat],
  );
  return rowCount === 1;
}
