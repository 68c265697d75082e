/** What is owed to a wallet: its payment has moved although its call was free. */
export interface Refund {
  readonly paymentId: string;
  readonly chainId: number;
  readonly asset: string;
  readonly payer: string;
  /** Atomic units. */
  readonly amount: bigint;
}

export interface RefundResult {
  /**
   * `pending`: its transaction is in no block that counts yet. `reverted`: the chain has refused it, so that another may
   * be signed. `lost`: its account nonce was used, and not by a transaction that paid or was reverted.
   */
  readonly outcome: 'paid' | 'pending' | 'reverted' | 'lost';
  readonly transactionHash: string;
}
