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

/** For `contextOf`: at least one row, if there is such a payer. */
export interface ContextRow {
  /** Null: there is no such response. */
  readonly parent_status: ResponseStatus | null;
  readonly has_conversation: boolean;
  readonly is_too_large: boolean;
  readonly parent_output: number;
  /** Some of the items, oldest first. */
  readonly history: readonly JsonObject[] | null;
  /** Some of the named items with their ids; of two items with one id the last counts. */
  readonly items: readonly (readonly [string, JsonObject])[] | null;
}

/** A row has so many bytes of items, and one item more: all at once would keep the process from its other calls. */
const PART_BYTES = 262_144;

/** The bytes of all items up to one, which tells its place as well. */
export function bytesUpTo(order: string): string {
  return `sum(octet_length(item::text)) OVER (ORDER BY ${order} ROWS UNBOUNDED PRECEDING)`;
}

/**
 * The end of a statement that has found `caller`, `parent (status)`, `conversation`, `history (item, is_output, byte_end)`,
 * `named (item_id, item, byte_end)` and `size (is_too_large)`. Many items come in one row, which costs the gateway a
 * third less CPU than a row for each.
 */
export const CONTEXT_ROWS = `parts AS (
  SELECT byte_end / ${PART_BYTES} AS part, json_agg(item ORDER BY byte_end) AS history, NULL::json AS items
  FROM history WHERE NOT (SELECT is_too_large FROM size) GROUP BY byte_end / ${PART_BYTES}
  UNION ALL
  SELECT byte_end / ${PART_BYTES}, NULL, json_agg(json_build_array(item_id, item) ORDER BY byte_end)
  FROM named WHERE NOT (SELECT is_too_large FROM size) GROUP BY byte_end / ${PART_BYTES})
SELECT (SELECT status FROM parent) AS parent_status, EXISTS (SELECT FROM conversation) AS has_conversation, is_too_large,
  (SELECT count(*)::integer FROM history WHERE is_output) AS parent_output, history, items
FROM caller CROSS JOIN size LEFT JOIN parts ON true ORDER BY part`;

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
parent AS (SELECT status FROM chain WHERE depth = 0),
conversation AS (
  SELECT v.id FROM conversations v JOIN caller c ON c.account_id = v.account_id
  WHERE v.id = $4 AND v.deleted_at IS NULL),
history AS MATERIALIZED (
  SELECT item, depth = 0 AND direction = 1 AS is_output, ${bytesUpTo('depth DESC, direction, position')} AS byte_end
  FROM (
    SELECT i.item, 0 AS depth, 0 AS direction, i.position
    FROM conversation c JOIN conversation_items i ON i.conversation_id = c.id
    UNION ALL
    SELECT i.item, c.depth, i.direction, i.position FROM chain c JOIN response_items i ON i.response_id = c.id) AS found),
named AS MATERIALIZED (
  SELECT item_id, item, ${bytesUpTo('direction, position')} AS byte_end
  FROM (
    SELECT i.item_id, i.item, i.direction, i.position
    FROM caller c JOIN response_items i ON i.account_id = c.account_id AND i.item_id = ANY ($3)
    UNION ALL
    SELECT i.item_id, i.item, 0, i.position
    FROM caller c JOIN conversation_items i ON i.account_id = c.account_id AND i.item_id = ANY ($3)) AS found),
size AS (
  SELECT coalesce(sum(bytes), 0) > ${MAX_CONTEXT_BYTES} OR sum(items) > ${MAX_CONTEXT_ITEMS} AS is_too_large
  FROM (SELECT max(byte_end) AS bytes, count(*) AS items FROM history
        UNION ALL SELECT max(byte_end), count(*) FROM named) AS sizes),
${CONTEXT_ROWS}`;

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
  const [first] = rows;
  const found = new Map(rows.flatMap(({ items }) => items ?? []));
  const items = new Map<string, JsonObject>();
  for (const id of itemIds) {
    const item = found.get(columnText(id));
    if (item) items.set(id, item);
  }
  return {
    parent: first?.parent_status ? { status: first.parent_status } : undefined,
    hasConversation: first?.has_conversation ?? false,
    history: rows.flatMap(({ history }) => history ?? []),
    parentOutput: first?.parent_output ?? 0,
    isTooLarge: first?.is_too_large ?? false,
    items,
  };
}
