import type { JsonObject } from '../../base/json.js';
import type { Receipt } from '../../base/money/receipt.js';
import type { PageRequest } from '../../base/shape/page-query.js';

export type Metadata = Readonly<Record<string, string>>;

export interface StoredCompletion {
  /** The completion as its client got it. */
  readonly completion: JsonObject;
  readonly metadata: Metadata;
  /** The messages of the request. */
  readonly messages: readonly JsonObject[];
  readonly receipt: Receipt | undefined;
}

export interface CompletionPageRequest extends PageRequest {
  readonly model: string | undefined;
  /** Pairs that a completion must have, all of them. */
  readonly metadata: readonly (readonly [key: string, value: string])[];
}

export interface CompletionPage {
  readonly completions: readonly StoredCompletion[];
  readonly hasMore: boolean;
}

/** Every method takes the account that asks; another account's completions do not exist for it. */
export abstract class ChatCompletionStore {
  abstract find(accountId: string, id: string): Promise<StoredCompletion | undefined>;
  /** In order of creation. An unknown `after` gives an empty page. */
  abstract page(accountId: string, request: CompletionPageRequest): Promise<CompletionPage>;
  /** @returns false when there is none. */
  abstract setMetadata(accountId: string, id: string, metadata: Metadata): Promise<boolean>;
  /** Also erases the Response of the same call. @returns false when there was none. */
  abstract erase(accountId: string, id: string): Promise<boolean>;
}
