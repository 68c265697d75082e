import type { PageRequest } from '../../base/shape/page-query.js';
import type { Receipt } from '../../base/money/receipt.js';

export interface ReceiptPage {
  readonly receipts: readonly Receipt[];
  readonly hasMore: boolean;
}

/** Receipts that the ledger has written. */
export abstract class ReceiptStore {
  abstract find(accountId: string, id: string): Promise<Receipt | undefined>;
  /** In the order of settlement. An unknown `after` gives an empty page. */
  abstract page(accountId: string, request: PageRequest): Promise<ReceiptPage>;
}
