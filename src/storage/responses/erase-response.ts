import type { ClientBase } from 'pg';
import { columnText } from '../column-text.js';
import { PATIENTLY } from '../lock-wait.js';
import { ROW_BYTES } from '../records/record-columns.js';
import { laneOf, type RowStatements } from '../row-statements.js';

interface Erased {
  readonly accountId: string;
  readonly id: string;
  readonly onlyChat: boolean;
}

/**
 * Removes the content and keeps the row, for the chain through it. A response that is not stored has no row, but its
 * answer may be kept for a repeated request: then the answer is removed, or not even written.
 *
 * @returns false when there was neither a row nor an answer
 */
export async function eraseResponse(rows: RowStatements, erased: Erased): Promise<boolean> {
  const { rowCount } = await rows.query(
    laneOf(erased.accountId, erased.id),
    erasing(PATIENTLY),
    valuesOf(erased),
  );
  return rowCount === 1;
}

/** The same within a transaction, which has set how long it waits for locked rows. */
export async function eraseWithin(database: Pick<ClientBase, 'query'>, erased: Erased): Promise<void> {
  await database.query(erasing('true'), valuesOf(erased));
}

/** @param condition holds before any row is locked */
function erasing(condition: string): string {
  return `WITH erased AS (
       UPDATE responses SET deleted_at = now(), envelope = NULL, request = NULL, chat = NULL, chat_metadata = NULL,
              stored_bytes = ${ROW_BYTES}
       WHERE ${condition} AND id = $1 AND account_id = $2 AND deleted_at IS NULL AND (chat IS NOT NULL OR NOT $3)
       RETURNING id),
     items AS (DELETE FROM response_items i USING erased e WHERE i.response_id = e.id),
     events AS (DELETE FROM response_events v USING erased e WHERE v.response_id = e.id),
     answers AS (
       UPDATE idempotency_records o SET kind = 'erased', headers = NULL, content = NULL
       WHERE o.response_id = $1 AND o.account_id = $2 AND o.kind IS DISTINCT FROM 'erased' AND (
         EXISTS (SELECT FROM erased)
         OR ($1 LIKE 'resp\\_%' AND NOT EXISTS (SELECT FROM responses r WHERE r.id = $1)))
       RETURNING o.response_id)
     SELECT id FROM erased UNION SELECT response_id FROM answers`;
}

function valuesOf({ id, accountId, onlyChat }: Erased): unknown[] {
  return [columnText(id), accountId, onlyChat];
}
