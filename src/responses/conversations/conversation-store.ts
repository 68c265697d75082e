import type { JsonObject } from '../../base/json.js';
import type { RecordItem } from '../../payments/call-record.js';
import type { ItemPage, ItemPageRequest } from '../response-store.js';
import type { Payer } from '../../payments/payer.js';

export interface StoredConversation {
  readonly id: string;
  readonly metadata: JsonObject;
  readonly createdAtMs: number;
}

/** `absent`: never existed, was deleted or belongs to somebody else. `locked`: a response runs on it at this moment. */
export type Attempt = 'done' | 'absent' | 'locked';

export interface LockRequest {
  readonly id: string;
  readonly payer: Payer;
  /** The response that is to run on it. */
  readonly responseId: string;
  /** How long the lock lasts without a hold of that response, milliseconds. */
  readonly untilHeldMs: number;
}

/**
 * Conversations and their items. Every method takes the account (or the key) that asks; another account's objects do
 * not exist for it. The items that a run adds are written when its hold ends; its lock ends at the same time.
 */
export abstract class ConversationStore {
  /** @throws GatewayError for two items with one id */
  abstract create(
    accountId: string,
    conversation: StoredConversation,
    items: readonly RecordItem[],
  ): Promise<void>;
  abstract find(accountId: string, id: string): Promise<StoredConversation | undefined>;
  abstract changeMetadata(
    accountId: string,
    id: string,
    metadata: JsonObject,
  ): Promise<StoredConversation | undefined>;
  abstract items(accountId: string, id: string, page: ItemPageRequest): Promise<ItemPage | undefined>;
  abstract item(accountId: string, id: string, itemId: string): Promise<JsonObject | undefined>;
  /** @throws GatewayError for an id that is in the conversation already */
  abstract addItems(accountId: string, id: string, items: readonly RecordItem[]): Promise<Attempt>;
  /** `done` also when there is no such item. */
  abstract removeItem(accountId: string, id: string, itemId: string): Promise<Attempt>;
  /** Removes the content at once. */
  abstract erase(accountId: string, id: string): Promise<Attempt>;
  abstract lock(request: LockRequest): Promise<Attempt>;
  /** The ids on which no response runs, as far as can be seen without waiting. An absent conversation is free. */
  abstract freeAmong(ids: readonly string[]): Promise<readonly string[]>;
  /** Releases a lock that never got a hold. No effect when another response has the lock. */
  abstract unlock(id: string, responseId: string): Promise<void>;
}
