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
  /** Null: there is no such response. */
  readonly parent_status: ResponseStatus | null;
  readonly has_conversation: boolean;
  readonly is_too_large: boolean;
  /** Items as JSON with commas between them, oldest first; null without any. */
  readonly history: string | null;
  readonly parent_output: number;
  /** The same of pairs of id and item; of two items with one id the last counts. */
  readonly items: string | null;
}

/**
 * Reads the chain by its links, then its items, or those of the conversation, by their primary key. The account of an
 * ancestor is compared in a form that no index has: otherwise, with stale statistics, the planner would walk all
 * responses of the account for each link. Items are measured before they are sent: anyone can store far more than
 * fits into memory. They come as one text, which costs both sides a third of what a row for each does.
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
history AS MATERIALIZED (
  SELECT i.item, 0 AS depth, 0 AS direction, i.position
  FROM conversation c JOIN conversation_items i ON i.conversation_id = c.id
  UNION ALL
  SELECT i.item, c.depth, i.direction, i.position FROM chain c JOIN response_items i ON i.response_id = c.id),
named AS MATERIALIZED (
  SELECT i.item_id, i.item, i.direction, i.position
  FROM caller c JOIN response_items i ON i.account_id = c.account_id AND i.item_id = ANY ($3)
  UNION ALL
  SELECT i.item_id, i.item, 0, i.position
  FROM caller c JOIN conversation_items i ON i.account_id = c.account_id AND i.item_id = ANY ($3)),
size AS (
  SELECT coalesce(sum(octet_length(item::text)), 0) > ${MAX_CONTEXT_BYTES} OR count(*) > ${MAX_CONTEXT_ITEMS}
    AS is_too_large
  FROM (SELECT item FROM history UNION ALL SELECT item FROM named) AS found)
SELECT (SELECT status FROM chain WHERE depth = 0) AS parent_status,
  EXISTS (SELECT FROM conversation) AS has_conversation,
  is_too_large,
  (SELECT string_agg(item::text, ',')
   FROM (SELECT item FROM history ORDER BY depth DESC, direction, position) AS ordered
   WHERE NOT is_too_large) AS history,
  (SELECT count(*)::integer FROM history WHERE depth = 0 AND direction = 1) AS parent_output,
  (SELECT string_agg('[' || to_json(item_id) || ',' || item || ']', ',')
   FROM (SELECT item_id, item FROM named ORDER BY direction, position) AS ordered
   WHERE NOT is_too_large) AS items
FROM caller, size`;

export async function readContext(pool: Pool, query: ContextQuery): Promise<StoredContext> {
  const { rows } = await pool.query<ContextRow>({
    name: 'read_context',
    text: TEXT,
    values: contextValues(query),
  });
  return contextOf(rows[0], query.itemIds);
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

export function contextOf(row: ContextRow | undefined, itemIds: readonly string[]): StoredContext {
  const found = new Map(parsed(row?.items) as readonly (readonly [string, JsonObject])[]);
  const items = new Map<string, JsonObject>();
  for (const id of itemIds) {
    const item = found.get(columnText(id));
    if (item) items.set(id, item);
  }
  return {
    parent: row?.parent_status ? { status: row.parent_status } : undefined,
    hasConversation: row?.has_conversation ?? false,
    history: parsed(row?.history) as readonly JsonObject[],
    parentOutput: row?.parent_output ?? 0,
    isTooLarge: row?.is_too_large ?? false,
    items,
  };
}

function parsed(elements: string | null | undefined): readonly unknown[] {
  return elements ? (JSON.parse(`[${elements}]`) as readonly unknown[]) : [];
}
