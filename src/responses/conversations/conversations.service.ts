import { Injectable } from '@nestjs/common';
import { GatewayError } from '../../base/errors/gateway-error.js';
import { newId } from '../../base/ids.js';
import type { JsonObject } from '../../base/json.js';
import { referencedIds, resolveReferences } from '../domain/context.js';
import { storedInput } from '../domain/stored-input.js';
import { shownItem } from '../domain/upstream-fields.js';
import { recordItem } from '../record-item.js';
import { ResponseStore, type ItemPage, type ItemPageRequest } from '../response-store.js';
import type { NewConversation } from './conversation-body.js';
import { conversationNotFound } from './conversation-not-found.js';
import { ConversationStore, type StoredConversation } from './conversation-store.js';
import { ConversationTurns } from './conversation-turns.js';
import type { Payer } from '../../payments/payer.js';

type StoredItem = ReturnType<typeof storedInput>;

/** The account behind a key that was found to be live. */
export interface Owner {
  readonly accountId: string;
  readonly payer: Payer;
  /** Aborted when the client has left. */
  readonly left: AbortSignal;
}

/** What an account may do with its conversations. */
@Injectable()
export class Conversations {
  constructor(
    private readonly store: ConversationStore,
    private readonly responses: ResponseStore,
    private readonly turns: ConversationTurns,
  ) {}

  /** @throws GatewayError for a reference to a missing item, or an id that comes twice */
  async create(owner: Owner, { metadata, items }: NewConversation): Promise<StoredConversation> {
    const stored = await this.storedItems(owner, items);
    const conversation = { id: newId('conv'), metadata, createdAtMs: Date.now() };
    await this.store.create(owner.accountId, conversation, stored.map(recordItem));
    return conversation;
  }

  /** @throws GatewayError conversation_not_found */
  async find(accountId: string, id: string): Promise<StoredConversation> {
    return there(id, await this.store.find(accountId, id));
  }

  /** @throws GatewayError conversation_not_found */
  async changeMetadata(accountId: string, id: string, metadata: JsonObject): Promise<StoredConversation> {
    return there(id, await this.store.changeMetadata(accountId, id, metadata));
  }

  /** Waits for a running response. @throws GatewayError conversation_not_found, conversation_locked */
  async erase({ accountId, left }: Owner, id: string): Promise<void> {
    await this.turns.inTurn(id, () => this.store.erase(accountId, id), { left });
  }

  /** @throws GatewayError conversation_not_found */
  async items(accountId: string, id: string, page: ItemPageRequest): Promise<ItemPage> {
    return there(id, await this.store.items(accountId, id, page));
  }

  /** Waits for a running response. @throws GatewayError conversation_not_found, conversation_locked, 400 */
  async addItems(owner: Owner, id: string, items: readonly JsonObject[]): Promise<readonly JsonObject[]> {
    const { accountId, left } = owner;
    await this.find(accountId, id);
    const stored = await this.storedItems(owner, items);
    const records = stored.map(recordItem);
    await this.turns.inTurn(id, () => this.store.addItems(accountId, id, records), { left });
    return stored.map(shownItem);
  }

  /** @throws GatewayError conversation_not_found, or not_found for the item */
  async item(accountId: string, id: string, itemId: string): Promise<JsonObject> {
    const item = await this.store.item(accountId, id, itemId);
    if (item) return item;
    await this.find(accountId, id);
    throw new GatewayError('not_found', `Item with id '${itemId}' not found in conversation '${id}'.`);
  }

  /** Waits for a running response. @throws GatewayError 404, conversation_locked */
  async removeItem({ accountId, left }: Owner, id: string, itemId: string): Promise<StoredConversation> {
    await this.item(accountId, id, itemId);
    await this.turns.inTurn(id, () => this.store.removeItem(accountId, id, itemId), { left });
    return this.find(accountId, id);
  }

  private async storedItems({ payer }: Owner, items: readonly JsonObject[]): Promise<readonly StoredItem[]> {
    const itemIds = referencedIds(items);
    const found =
      itemIds.length === 0
        ? undefined
        : await this.responses.readContext({
            payer,
            previousResponseId: undefined,
            conversationId: undefined,
            itemIds,
          });
    if (found?.isTooLarge)
      throw new GatewayError(
        'invalid_value',
        'The items that are referred to are too long to be copied at once.',
        {
          param: 'items',
        },
      );
    const resolved = resolveReferences(items, found?.items ?? new Map(), 'items');
    return resolved.map((item) => storedInput(item, newId));
  }
}

function there<Found>(id: string, found: Found | undefined): Found {
  if (found === undefined) throw conversationNotFound(id);
  return found;
}
