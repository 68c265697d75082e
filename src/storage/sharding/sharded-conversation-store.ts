import { Injectable } from '@nestjs/common';
import type { JsonObject } from '../../base/json.js';
import type { RecordItem } from '../../payments/call-record.js';
import type { ProcessIdentity } from '../../payments/lease-keeper.js';
import type {
  Attempt,
  LockRequest,
  StoredConversation,
} from '../../responses/conversations/conversation-store.js';
import type { ItemPage, ItemPageRequest } from '../../responses/response-store.js';
import { shownItem } from '../../responses/domain/upstream-fields.js';
import { callerBy } from '../caller.js';
import { columnText } from '../column-text.js';
import {
  asConversation,
  bytesOf,
  columnsOf,
  PostgresConversationStore,
  refusingRepeatedIds,
  type ConversationRow,
} from '../conversations/postgres-conversation-store.js';
import type { Database } from '../database.js';
import type { StorageRoom } from '../storage-room.js';
import { laneOf } from '../row-statements.js';
import { withinPage } from '../within-page.js';
import { KnownAccounts } from './known-accounts.js';

/** Conversations on the shards of their accounts. */
@Injectable()
export class ShardedConversationStore extends PostgresConversationStore {
  private readonly owners: KnownAccounts;

  constructor(database: Database, identity: ProcessIdentity, room: StorageRoom) {
    super(database, identity, room);
    this.owners = new KnownAccounts(database.pool, 'conversations.id');
  }

  override async create(
    accountId: string,
    { id, metadata, createdAtMs }: StoredConversation,
    items: readonly RecordItem[],
  ): Promise<void> {
    await this.room.require({ accountId }, bytesOf(items));
    await refusingRepeatedIds(
      this.pool.query('SELECT sharded.create_conversation($1, $2, $3, $4, $5, $6)', [
        accountId,
        id,
        JSON.stringify(metadata),
        new Date(createdAtMs),
        ...columnsOf(items),
      ]),
    );
  }

  override async changeMetadata(
    accountId: string,
    id: string,
    metadata: JsonObject,
  ): Promise<StoredConversation | undefined> {
    const text = JSON.stringify(metadata);
    await this.room.require({ accountId }, text.length);
    const { rows } = await this.pool.query<ConversationRow>(
      'SELECT * FROM sharded.change_metadata($1, $2, $3)',
      [accountId, columnText(id), text],
    );
    return asConversation(rows[0]);
  }

  override async items(
    accountId: string,
    id: string,
    { limit, order, after }: ItemPageRequest,
  ): Promise<ItemPage | undefined> {
    if (!(await this.find(accountId, id))) return undefined;
    const [beyond, direction] = order === 'asc' ? ['>', 'ASC'] : ['<', 'DESC'];
    const ofConversation = 'account_id = $2 AND conversation_id = $1';
    const page = `SELECT item, position FROM conversation_items
      WHERE ${ofConversation} AND ($3::text IS NULL OR position ${beyond} (
        SELECT position FROM conversation_items WHERE ${ofConversation} AND item_id = $3))
      ORDER BY position ${direction} LIMIT $4`;
    const { rows } = await this.pool.query<{ item: JsonObject; found: string }>(
      withinPage(page, 'item', `position ${direction}`),
      [columnText(id), accountId, after === undefined ? null : columnText(after), limit + 1],
    );
    const items = rows.map(({ item }) => shownItem(item)).slice(0, limit);
    return { items, hasMore: Number(rows[0]?.found ?? 0) > items.length };
  }

  override async item(accountId: string, id: string, itemId: string): Promise<JsonObject | undefined> {
    const { rows } = await this.pool.query<{ item: JsonObject }>(
      `SELECT i.item FROM conversations c JOIN conversation_items i
         ON i.account_id = c.account_id AND i.conversation_id = c.id AND i.item_id = $3
       WHERE c.id = $1 AND c.account_id = $2 AND c.deleted_at IS NULL`,
      [columnText(id), accountId, columnText(itemId)],
    );
    return rows[0] && shownItem(rows[0].item);
  }

  override async addItems(accountId: string, id: string, items: readonly RecordItem[]): Promise<Attempt> {
    await this.room.require({ accountId }, bytesOf(items));
    return refusingRepeatedIds(
      this.attempt(laneOf(accountId, id), 'SELECT * FROM sharded.add_to_conversation($1, $2, $3, $4)', [
        accountId,
        columnText(id),
        ...columnsOf(items),
      ]),
    );
  }

  override removeItem(accountId: string, id: string, itemId: string): Promise<Attempt> {
    return this.remove(accountId, id, columnText(itemId));
  }

  override erase(accountId: string, id: string): Promise<Attempt> {
    return this.remove(accountId, id, null);
  }

  override lock({ id, payer, responseId, untilHeldMs }: LockRequest): Promise<Attempt> {
    return this.attempt(
      laneOf(payer.hash.toString('hex'), id),
      `WITH ${callerBy('$1')}
       SELECT l.* FROM caller c CROSS JOIN LATERAL sharded.lock_conversation(c.account_id, $2, $3, $4, $5) AS l`,
      [payer.hash, columnText(id), responseId, untilHeldMs, this.identity.id],
    );
  }

  override async freeAmong(ids: readonly string[]): Promise<readonly string[]> {
    const named = ids.map(columnText);
    const owners = await Promise.all(named.map((id) => this.owners.of(id)));
    const { rows } = await this.pool.query<{ id: string }>({
      name: 'free_conversations_sharded',
      text: 'SELECT f.id FROM sharded.free_among($1, $2) AS f (id)',
      values: [owners, named],
    });
    return rows.map(({ id }) => id);
  }

  override async unlock(id: string, responseId: string): Promise<void> {
    await this.pool.query(
      `UPDATE conversations SET locked_by = NULL, locked_until = NULL, locked_for = NULL
       WHERE account_id = $3 AND id = $1 AND locked_by = $2`,
      [columnText(id), responseId, await this.owners.of(columnText(id))],
    );
  }

  private remove(accountId: string, id: string, itemId: string | null): Promise<Attempt> {
    return this.attempt(laneOf(accountId, id), 'SELECT * FROM sharded.remove_from_conversation($1, $2, $3)', [
      accountId,
      columnText(id),
      itemId,
    ]);
  }
}
