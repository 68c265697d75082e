/** Atomic amounts (6-decimal USDC) are decimal strings; the field names are those of the wire. */
export interface LineItem {
  readonly key: string;
  readonly unit: string;
  readonly quantity: number;
  readonly unitPriceUsd: string;
  readonly amountWei: string;
  /** Of tokens that a cache gave or took: what they would have cost as other input, less what they cost. */
  readonly savedWei?: string;
  readonly estimated?: true;
}

export interface Receipt {
  readonly id: string;
  readonly type: 'compose.receipt';
  readonly finalAmountWei: string;
  readonly providerAmountWei: string;
  readonly platformFeeWei: string;
  /** Sum of what the lines saved; below zero where writing to the cache cost more. Absent: no line is of a cache. */
  readonly cacheSavedWei?: string;
  /** CAIP-2, such as `eip155:43113`. */
  readonly network: string;
  /** `<provider>:<public model id>` */
  readonly meterSubject: string;
  readonly lineItems: readonly LineItem[];
  readonly responseId?: string;
  readonly requestId: string;
  readonly account: string;
  /** Epoch milliseconds. */
  readonly settledAt: number;
  readonly settlementStatus: 'settled' | 'pending' | 'failed';
  readonly txHash?: string;
  readonly signature?: string;
}
