import type { JsonObject } from '../base/json.js';
import type { Receipt } from '../base/money/receipt.js';
import type { RecordEnd, RecordStart } from '../payments/call-record.js';
import type { CallOrigin } from '../payments/charged-work.js';
import type { ResponseEvent } from './domain/response-event.js';
import type { ResponseObject } from './domain/response.js';
import type { ResponseStatus } from './domain/status.js';
import type { Payer } from '../payments/payer.js';

/** More than this is not read of what a request continues from: no model and no upstream takes as much. */
export const MAX_CONTEXT_BYTES = 64 * 1024 * 1024;
export const MAX_CONTEXT_ITEMS = 50_000;

/** A page ends early where more items would be more than this; it has one item at least. */
export const MAX_PAGE_BYTES = 16 * 1024 * 1024;

export interface ContextQuery {
  /** Whose account owns everything that is found. */
  readonly payer: Payer;
  readonly previousResponseId: string | undefined;
  readonly conversationId: string | undefined;
  readonly itemIds: readonly string[];
}

export interface StoredContext {
  /** Undefined for an id that does not exist, was deleted or belongs to somebody else. */
  readonly parent: { readonly status: ResponseStatus } | undefined;
  /** False for a conversation that does not exist, was deleted or belongs to somebody else. */
  readonly hasConversation: boolean;
  /** Items of the chain or the conversation, oldest first; each turn's input, then its output. */
  readonly history: readonly JsonObject[];
  /** How many of the last items of the history are the output of the named response. */
  readonly parentOutput: number;
  /** What there is would be more than `MAX_CONTEXT_BYTES` or `MAX_CONTEXT_ITEMS`; nothing of it was read. */
  readonly isTooLarge: boolean;
  /** Items by id, over all stored responses and conversations of the account. */
  readonly items: ReadonlyMap<string, JsonObject>;
}

export interface StoredResponse {
  readonly object: ResponseObject;
  readonly receipt: Receipt | undefined;
  /** Whether its events are in the log: a background stream, until its log is purged. */
  readonly isLogged: boolean;
}

export interface ItemPageRequest {
  readonly limit: number;
  readonly order: 'asc' | 'desc';
  /** Id of the last item of the page before. */
  readonly after: string | undefined;
}

export interface ItemPage {
  readonly items: readonly JsonObject[];
  readonly hasMore: boolean;
}

/** A record that nobody runs any more. */
export interface LeftBehind {
  /** As it was accepted. */
  readonly object: ResponseObject;
  /** What was logged of its events; nothing for a run that is not a background stream. */
  readonly events: readonly ResponseEvent[];
}

/** Every method names the account (or the key) that asks; what belongs to another one is not there. */
export abstract class ResponseStore {
  /** One query, however long the chain. */
  abstract readContext(query: ContextQuery): Promise<StoredContext>;
  abstract find(accountId: string, id: string): Promise<StoredResponse | undefined>;
  /** Writes a response for which nothing ran. @throws GatewayError invalid_api_key */
  abstract keep(origin: CallOrigin, start: RecordStart, end: RecordEnd): Promise<void>;
  /** Without the content, which may be long: for those who look often. */
  abstract status(accountId: string, id: string): Promise<ResponseStatus | undefined>;
  abstract inputItems(accountId: string, id: string, page: ItemPageRequest): Promise<ItemPage | undefined>;
  /** Marks a run that has not ended; its owner ends it. */
  abstract requestCancel(accountId: string, id: string): Promise<void>;
  /** Those of the given responses whose end has been asked for. */
  abstract cancelRequested(ids: readonly string[]): Promise<readonly string[]>;
  /** Removes the content at once; what continues from it stays usable. @returns false when it was not there. */
  abstract erase(accountId: string, id: string): Promise<boolean>;
  /** At most `limit` records whose hold was ended by somebody else than their run. */
  abstract leftBehind(limit: number): Promise<readonly LeftBehind[]>;
  abstract finishLeftBehind(end: RecordEnd): Promise<void>;
}
