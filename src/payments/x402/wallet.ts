/** A wallet on one chain. */
export interface Wallet {
  readonly chainId: number;
  /** In lower case. */
  readonly address: string;
}
