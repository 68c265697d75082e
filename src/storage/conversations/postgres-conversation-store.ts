import { Injectable } from '@nestjs/common';
import type { Pool } from 'pg';
import { GatewayError } from '../../base/errors/gateway-error.js';
import type { JsonObject } from '../../base/json.js';
import type { RecordItem } from '../../payments/call-record.js';
import { ProcessIdentity } from '../../payments/lease-keeper.js';
import {
  ConversationStore,
  type Attempt,
  type LockRequest,
  type StoredConversation,
} from '../../responses/conversations/conversation-store.js';
import type { ItemPage, ItemPageRequest } from '../../responses/response-store.js';
import { shownItem } from '../../responses/domain/upstream-fields.js';
import { callerBy } from '../caller.js';
import { columnText } from '../column-text.js';
import { Database } from '../database.js';
import { PATIENTLY } from '../lock-wait.js';
import { laneOf, RowStatements } from '../row-statements.js';
import { StorageRoom } from '../storage-room.js';
import { withinPage } from '../within-page.js';
import { IS_FREE } from './free-conversation.js';

export interface ConversationRow {
  readonly id: string;
  readonly metadata: JsonObject;
  readonly created_at: Date;
}

const UNIQUE_VIOLATION = '23505';

const FOUND = `found AS (
  SELECT id FROM conversations WHERE ${PATIENTLY} AND id = $1 AND account_id = $2 AND deleted_at IS NULL)`;

/** A statement whose part `changed` has the conversation if it could be changed, because no response runs on it. */
function attempting(change: string): string {
  return `WITH ${change}
    SELECT EXISTS (SELECT FROM found) AS "isThere", EXISTS (SELECT FROM changed) AS "isDone"`;
}

/** Also takes the lock from a run that has lost its hold: that run must not add to what is changed here. */
const TOUCHED = `SET locked_by = NULL, locked_until = NULL, locked_for = NULL, last_used_at = now()`;
const WHERE_FREE = `FROM found f WHERE c.id = f.id AND c.deleted_at IS NULL AND ${IS_FREE}`;

const ADD_ITEMS = attempting(`${FOUND},
  changed AS (
    UPDATE conversations c ${TOUCHED}, next_item = c.next_item + cardinality($3::text[])
    ${WHERE_FREE} RETURNING c.id, c.account_id, c.next_item - cardinality($3::text[]) AS first),
  added AS (
    INSERT INTO conversation_items (conversation_id, position, account_id, item_id, item)
    SELECT c.id, c.first + i.place - 1, c.account_id, i.item_id, i.item::json
    FROM changed c, unnest($3::text[], $4::text[]) WITH ORDINALITY AS i (item_id, item, place))`);

const REMOVE_ITEM = attempting(`${FOUND},
  changed AS (UPDATE conversations c ${TOUCHED} ${WHERE_FREE} RETURNING c.id),
  removed AS (DELETE FROM conversation_items i USING changed c WHERE i.conversation_id = c.id AND i.item_id = $3)`);

const ERASE = attempting(`${FOUND},
  changed AS (
    UPDATE conversations c ${TOUCHED}, deleted_at = now(), metadata = '{}' ${WHERE_FREE} RETURNING c.id),
  removed AS (DELETE FROM conversation_items i USING changed c WHERE i.conversation_id = c.id)`);

const LOCK = attempting(`${callerBy('$2')},
  found AS (
    SELECT v.id FROM conversations v JOIN caller k ON k.account_id = v.account_id
    WHERE ${PATIENTLY} AND v.id = $1 AND v.deleted_at IS NULL),
  changed AS (
    UPDATE conversations c
    SET locked_by = $3, locked_until = now() + make_interval(secs => $4 / 1000.0), locked_for = $5,
        last_used_at = now()
    ${WHERE_FREE} RETURNING c.id)`);

/** Content is `json`, never `jsonb` or `text`: what clients and models write may hold NUL and lone surrogates. */
@Injectable()
export class PostgresConversationStore extends ConversationStore {
  protected readonly pool: Pool;
  private readonly rows: RowStatements;

  constructor(
    { pool }: Database,
    protected readonly identity: ProcessIdentity,
    protected readonly room: StorageRoom,
  ) {
    super();
    this.pool = pool;
    this.rows = new RowStatements(pool);
  }

  async create(
    accountId: string,
    { id, metadata, createdAtMs }: StoredConversation,
    items: readonly RecordItem[],
  ): Promise<void> {
    await this.room.require({ accountId }, bytesOf(items));
    await refusingRepeatedIds(
      this.pool.query(
        `WITH created AS (
           INSERT INTO conversations (id, account_id, metadata, created_at, next_item)
           VALUES ($1, $2, $3::text::json, $4, cardinality($5::text[])) RETURNING id, account_id)
         INSERT INTO conversation_items (conversation_id, position, account_id, item_id, item)
         SELECT c.id, i.place - 1, c.account_id, i.item_id, i.item::json
         FROM created c, unnest($5::text[], $6::text[]) WITH ORDINALITY AS i (item_id, item, place)`,
        [id, accountId, JSON.stringify(metadata), new Date(createdAtMs), ...columnsOf(items)],
      ),
    );
  }

  async find(accountId: string, id: string): Promise<StoredConversation | undefined> {
    const { rows } = await this.pool.query<ConversationRow>(
      `SELECT id, metadata, created_at FROM conversations
       WHERE id = $1 AND account_id = $2 AND deleted_at IS NULL`,
      [columnText(id), accountId],
    );
    return asConversation(rows[0]);
  }

  async changeMetadata(
    accountId: string,
    id: string,
    metadata: JsonObject,
  ): Promise<StoredConversation | undefined> {
    await this.room.require({ accountId }, JSON.stringify(metadata).length);
    const { rows } = await this.rows.query<ConversationRow>(
      laneOf(accountId, id),
      `UPDATE conversations SET metadata = $3::text::json, last_used_at = now()
       WHERE ${PATIENTLY} AND id = $1 AND account_id = $2 AND deleted_at IS NULL RETURNING id, metadata, created_at`,
      [columnText(id), accountId, JSON.stringify(metadata)],
    );
    return asConversation(rows[0]);
  }

  async items(
    accountId: string,
    id: string,
    { limit, order, after }: ItemPageRequest,
  ): Promise<ItemPage | undefined> {
    const [beyond, direction] = order === 'asc' ? ['>', 'ASC'] : ['<', 'DESC'];
    const page = `SELECT item, position FROM conversation_items
      WHERE conversation_id = c.id AND ($3::text IS NULL OR position ${beyond} (
        SELECT position FROM conversation_items WHERE conversation_id = c.id AND item_id = $3))
      ORDER BY position ${direction} LIMIT $4`;
    const { rows } = await this.pool.query<{ item: JsonObject | null; found: string | null }>(
      `SELECT i.item, i.found FROM conversations c
       LEFT JOIN LATERAL (${withinPage(page, 'item', `position ${direction}`)}) AS i ON true
       WHERE c.id = $1 AND c.account_id = $2 AND c.deleted_at IS NULL
       ORDER BY i.position ${direction}`,
      [columnText(id), accountId, after === undefined ? null : columnText(after), limit + 1],
    );
    if (rows.length === 0) return undefined;
    const items = rows.flatMap(({ item }) => (item === null ? [] : [shownItem(item)])).slice(0, limit);
    return { items, hasMore: Number(rows[0]?.found ?? 0) > items.length };
  }

  async item(accountId: string, id: string, itemId: string): Promise<JsonObject | undefined> {
    const { rows } = await this.pool.query<{ item: JsonObject }>(
      `SELECT i.item FROM conversations c JOIN conversation_items i ON i.conversation_id = c.id AND i.item_id = $3
       WHERE c.id = $1 AND c.account_id = $2 AND c.deleted_at IS NULL`,
      [columnText(id), accountId, columnText(itemId)],
    );
    return rows[0] && shownItem(rows[0].item);
  }

  async addItems(accountId: string, id: string, items: readonly RecordItem[]): Promise<Attempt> {
    await this.room.require({ accountId }, bytesOf(items));
    return refusingRepeatedIds(
      this.attempt(laneOf(accountId, id), ADD_ITEMS, [columnText(id), accountId, ...columnsOf(items)]),
    );
  }

  removeItem(accountId: string, id: string, itemId: string): Promise<Attempt> {
    return this.attempt(laneOf(accountId, id), REMOVE_ITEM, [columnText(id), accountId, columnText(itemId)]);
  }

  async erase(accountId: string, id: string): Promise<Attempt> {
    const outcome = await this.attempt(laneOf(accountId, id), ERASE, [columnText(id), accountId]);
    // The statement does not see what a run added while the statement waited for the run's end.
    if (outcome === 'done')
      await this.pool.query('DELETE FROM conversation_items WHERE conversation_id = $1', [columnText(id)]);
    return outcome;
  }

  lock({ id, payer, responseId, untilHeldMs }: LockRequest): Promise<Attempt> {
    return this.attempt(laneOf(payer.hash.toString('hex'), id), LOCK, [
      columnText(id),
      payer.hash,
      responseId,
      untilHeldMs,
      this.identity.id,
    ]);
  }

  async freeAmong(ids: readonly string[]): Promise<readonly string[]> {
    const { rows } = await this.pool.query<{ id: string }>({
      name: 'free_conversations',
      text: `SELECT w.id FROM unnest($1::text[]) AS w (id)
             WHERE NOT EXISTS (SELECT FROM conversations c WHERE c.id = w.id AND c.deleted_at IS NULL AND NOT ${IS_FREE})`,
      values: [ids.map(columnText)],
    });
    return rows.map(({ id }) => id);
  }

  async unlock(id: string, responseId: string): Promise<void> {
    await this.pool.query(
      `UPDATE conversations SET locked_by = NULL, locked_until = NULL, locked_for = NULL
       WHERE id = $1 AND locked_by = $2`,
      [columnText(id), responseId],
    );
  }

  protected async attempt(lane: string, text: string, values: readonly unknown[]): Promise<Attempt> {
    const { rows } = await this.rows.query<{ isThere: boolean; isDone: boolean }>(lane, text, values);
    if (rows[0]?.isDone) return 'done';
    return rows[0]?.isThere ? 'locked' : 'absent';
  }
}

export function asConversation(row: ConversationRow | undefined): StoredConversation | undefined {
  return row && { id: row.id, metadata: row.metadata, createdAtMs: row.created_at.getTime() };
}

/** The approximate bytes that the items count; without items there is still a row. */
export function bytesOf(items: readonly RecordItem[]): number {
  return items.reduce((bytes, { json }) => bytes + json.length, 1);
}

export function columnsOf(items: readonly RecordItem[]): readonly unknown[] {
  return [items.map(({ id }) => columnText(id)), items.map(({ json }) => json)];
}

export async function refusingRepeatedIds<Result>(statement: Promise<Result>): Promise<Result> {
  try {
    return await statement;
  } catch (failure) {
    if (!isRepeatedId(failure)) throw failure;
    throw new GatewayError('invalid_value', 'Every item of a conversation needs an id of its own.', {
      param: 'items',
      cause: failure,
    });
  }
}

function isRepeatedId(failure: unknown): boolean {
  return failure instanceof Error && 'code' in failure && failure.code === UNIQUE_VIOLATION;
}
