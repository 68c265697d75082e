import type { Pool } from 'pg';
import type { JsonObject } from '../../base/json.js';
import type { ResponseStatus } from '../../responses/domain/status.js';
import {
  MAX_CONTEXT_BYTES,
  MAX_CONTEXT_ITEMS,
  type ContextQuery,
  type StoredContext,
} from '../../responses/response-store.js';
import { callerBy } from '../caller.js';
import { columnText } from '../column-text.js';

export interface ContextRow {
  readonly kind: 'parent' | 'conversation' | 'history' | 'item';
  readonly status: ResponseStatus | null;
  readonly item_id: string | null;
  readonly item: JsonObject | null;
  readonly depth: number;
  readonly direction: number;
  readonly is_too_large: boolean;
}

/**
 * Reads the chain by its links, then its items, or those of the conversation, by their primary key. The account of an
 * ancestor is compared in a form that no index has: otherwise, with stale statistics, the planner would walk all
 * responses of the account for each link. Items are measured before they are sent: anyone can store far more than
 * fits into memory.
 */
const TEXT = `
WITH RECURSIVE ${callerBy('$1')},
chain AS (
  SELECT r.id, r.account_id, r.previous_response_id, r.status, 0 AS depth
  FROM responses r JOIN caller c ON c.account_id = r.account_id
  WHERE r.id = $2 AND r.deleted_at IS NULL
  UNION ALL
  SELECT p.id, p.account_id, p.previous_response_id, p.status, c.depth + 1
  FROM chain c JOIN responses p ON p.id = c.previous_response_id AND p.account_id || '' = c.account_id),
conversation AS (
  SELECT v.id FROM conversations v JOIN caller c ON c.account_id = v.account_id
  WHERE v.id = $4 AND v.deleted_at IS NULL),
found AS MATERIALIZED (
  SELECT 'parent' AS kind, status, NULL AS item_id, NULL::json AS item, 0 AS depth, 0 AS direction, 0 AS position
  FROM chain WHERE depth = 0
  UNION ALL
  SELECT 'conversation', NULL, NULL, NULL, 0, 0, 0 FROM conversation
  UNION ALL
  SELECT 'history', NULL, i.item_id, i.item, 0, 0, i.position
  FROM conversation c JOIN conversation_items i ON i.conversation_id = c.id
  UNION ALL
  SELECT 'history', NULL, i.item_id, i.item, c.depth, i.direction, i.position
  FROM chain c JOIN response_items i ON i.response_id = c.id
  UNION ALL
  SELECT 'item', NULL, i.item_id, i.item, 0, i.direction, i.position
  FROM caller c JOIN response_items i ON i.account_id = c.account_id AND i.item_id = ANY ($3)
  UNION ALL
  SELECT 'item', NULL, i.item_id, i.item, 0, 0, i.position
  FROM caller c JOIN conversation_items i ON i.account_id = c.account_id AND i.item_id = ANY ($3)),
size AS (
  SELECT coalesce(sum(octet_length(item::text)), 0) > ${MAX_CONTEXT_BYTES} OR count(item) > ${MAX_CONTEXT_ITEMS}
    AS is_too_large
  FROM found)
SELECT kind, status, item_id, CASE WHEN NOT is_too_large THEN item END AS item, depth, direction, is_too_large
FROM found, size
ORDER BY kind, depth DESC, direction, position`;

export async function readContext(pool: Pool, query: ContextQuery): Promise<StoredContext> {
  const { rows } = await pool.query<ContextRow>({
    name: 'read_context',
    text: TEXT,
    values: contextValues(query),
  });
  return contextOf(rows, query.itemIds);
}

/** The payer's hash, the response, the items and the conversation. */
export function contextValues({
  payer,
  previousResponseId,
  conversationId,
  itemIds,
}: ContextQuery): unknown[] {
  return [
    payer.hash,
    previousResponseId === undefined ? null : columnText(previousResponseId),
    itemIds.map(columnText),
    conversationId === undefined ? null : columnText(conversationId),
  ];
}

export function contextOf(rows: readonly ContextRow[], itemIds: readonly string[]): StoredContext {
  const history: JsonObject[] = [];
  const found = new Map<string, JsonObject>();
  let parent: StoredContext['parent'];
  let hasConversation = false;
  let parentOutput = 0;
  for (const { kind, status, item_id, item, depth, direction } of rows) {
    if (kind === 'parent' && status) parent = { status };
    else if (kind === 'conversation') hasConversation = true;
    else if (kind === 'history' && item) {
      history.push(item);
      if (depth === 0 && direction === 1) parentOutput += 1;
    } else if (item_id !== null && item) found.set(item_id, item);
  }
  const isTooLarge = rows[0]?.is_too_large ?? false;
  const items = new Map<string, JsonObject>();
  for (const id of itemIds) {
    const item = found.get(columnText(id));
    if (item) items.set(id, item);
  }
  return { parent, hasConversation, history, parentOutput, isTooLarge, items };
}
