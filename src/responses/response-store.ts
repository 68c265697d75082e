import type { JsonObject } from '../base/json.js';
import type { Receipt } from '../base/money/receipt.js';
import type { RecordEnd, RecordStart } from '../payments/call-record.js';
import type { CallOrigin } from '../payments/charged-work.js';
import type { ResponseEvent } from './domain/response-event.js';
import type { ResponseObject } from './domain/response.js';
import type { ResponseStatus } from './domain/status.js';
import type { Payer } from '../payments/payer.js';

/** Largest history that is read for a request: no model and no upstream takes more. */
export const MAX_CONTEXT_BYTES = 64 * 1024 * 1024;
export const MAX_CONTEXT_ITEMS = 50_000;

/** Largest page: it ends before the item that would exceed this, but has at least one item. */
export const MAX_PAGE_BYTES = 16 * 1024 * 1024;

export interface ContextQuery {
  /** The payer whose account owns everything that is found. */
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
  /** The context would exceed `MAX_CONTEXT_BYTES` or `MAX_CONTEXT_ITEMS`; none of it was read. */
  readonly isTooLarge: boolean;
  /** Items by id, over all stored responses and conversations of the account. */
  readonly items: ReadonlyMap<string, JsonObject>;
}

export interface StoredResponse {
  readonly object: ResponseObject;
  readonly receipt: Receipt | undefined;
  /** Whether its events are in the log: true for a background stream until its log is purged. */
  readonly isLogged: boolean;
}

export interface ItemPageRequest {
  readonly limit: number;
  readonly order: 'asc' | 'desc';
  /** Id of the last item of the previous page. */
  readonly after: string | undefined;
}

export interface ItemPage {
  readonly items: readonly JsonObject[];
  readonly hasMore: boolean;
}

/** A record that no process runs any more. */
export interface LeftBehind {
  /** The Response as it was accepted. */
  readonly object: ResponseObject;
  /** Its logged events; empty for a run that is not a background stream. */
  readonly events: readonly ResponseEvent[];
}

/** Every method takes the account (or the key) that asks; another account's objects do not exist for it. */
export abstract class ResponseStore {
  /** One query, however long the chain. */
  abstract readContext(query: ContextQuery): Promise<StoredContext>;
  /** The tools of a Response, in the form of the Responses API; none if there is no such Response. */
  abstract toolsOf(payer: Payer, id: string): Promise<readonly JsonObject[]>;
  abstract find(accountId: string, id: string): Promise<StoredResponse | undefined>;
  /** Writes a response for which no model ran. @throws GatewayError invalid_api_key */
  abstract keep(origin: CallOrigin, start: RecordStart, end: RecordEnd): Promise<void>;
  /** Without the content, which may be long: for callers that poll. */
  abstract status(accountId: string, id: string): Promise<ResponseStatus | undefined>;
  abstract inputItems(accountId: string, id: string, page: ItemPageRequest): Promise<ItemPage | undefined>;
  /** Marks a run that has not ended; the process that runs it ends it. */
  abstract requestCancel(accountId: string, id: string): Promise<void>;
  /** The ids of those responses whose cancellation was requested. */
  abstract cancelRequested(ids: readonly string[]): Promise<readonly string[]>;
  /** Removes the content at once; responses that continue it stay usable. @returns false when there was none. */
  abstract erase(accountId: string, id: string): Promise<boolean>;
  /** At most `limit` records whose hold was not ended by their run. */
  abstract leftBehind(limit: number): Promise<readonly LeftBehind[]>;
  abstract finishLeftBehind(end: RecordEnd): Promise<void>;
}
