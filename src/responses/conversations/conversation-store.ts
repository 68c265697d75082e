import type { JsonObject } from '../../base/json.js';
import type { RecordItem } from '../../payments/call-record.js';
import type { ItemPage, ItemPageRequest } from '../response-store.js';
import type { Payer } from '../../payments/payer.js';

export interface StoredConversation {
  readonly id: string;
  readonly metadata: JsonObject;
  readonly createdAtMs: number;
}

/** `absent`: not there, deleted, or somebody else's. `locked`: a response runs on it at this moment. */
export type Attempt = 'done' | 'absent' | 'locked';

export interface LockRequest {
  readonly id: string;
  readonly payer: Payer;
  /** The response that is to run on it. */
  readonly responseId: string;
  /** How long the lock stands without a hold of that response, milliseconds. */
  readonly untilHeldMs: number;
}

/**
 * Conversations and their items. Every method names the account (or the key) that asks; what belongs to another one is
 * not there. What a run adds to its conversation is written with the end of its hold, which is the end of its lock.
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
  /** Also done when there is no such item. */
  abstract removeItem(accountId: string, id: string, itemId: string): Promise<Attempt>;
  /** Removes the content at once. */
  abstract erase(accountId: string, id: string): Promise<Attempt>;
  abstract lock(request: LockRequest): Promise<Attempt>;
  /** Those of these ids on which no response runs, as far as can be seen without waiting; what is not there is free. */
  abstract freeAmong(ids: readonly string[]): Promise<readonly string[]>;
  /** Gives back a lock that no hold has come of. Without effect when somebody else has it. */
  abstract unlock(id: string, responseId: string): Promise<void>;
}
