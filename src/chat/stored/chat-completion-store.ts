import type { JsonObject } from '../../base/json.js';
import type { Receipt } from '../../base/money/receipt.js';
import type { PageRequest } from '../../base/shape/page-query.js';

export type Metadata = Readonly<Record<string, string>>;

export interface StoredCompletion {
  /** As its client got it. */
  readonly completion: JsonObject;
  readonly metadata: Metadata;
  /** Those of the request. */
  readonly messages: readonly JsonObject[];
  readonly receipt: Receipt | undefined;
}

export interface CompletionPageRequest extends PageRequest {
  readonly model: string | undefined;
  /** Pairs that all have to be there. */
  readonly metadata: readonly (readonly [key: string, value: string])[];
}

export interface CompletionPage {
  readonly completions: readonly StoredCompletion[];
  readonly hasMore: boolean;
}

/** Every method names the account that asks; what belongs to another one is not there. */
export abstract class ChatCompletionStore {
  abstract find(accountId: string, id: string): Promise<StoredCompletion | undefined>;
  /** In the order in which they were made. An unknown `after` gives an empty page. */
  abstract page(accountId: string, request: CompletionPageRequest): Promise<CompletionPage>;
  /** @returns false when it is not there. */
  abstract setMetadata(accountId: string, id: string, metadata: Metadata): Promise<boolean>;
  /** With the Response that it is. @returns false when it was not there. */
  abstract erase(accountId: string, id: string): Promise<boolean>;
}
