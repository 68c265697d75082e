/** Atomic amounts (6-decimal USDC) are decimal strings; the field names are those of the wire. */
export interface LineItem {
  readonly key: string;
  readonly unit: string;
  readonly quantity: number;
  readonly unitPriceUsd: string;
  readonly amountWei: string;
  readonly estimated?: true;
}

export interface Receipt {
  readonly id: string;
  readonly type: 'compose.receipt';
  readonly finalAmountWei: string;
  readonly providerAmountWei: string;
  readonly platformFeeWei: string;
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
