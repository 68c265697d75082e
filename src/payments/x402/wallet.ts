/** A wallet on one chain. */
export interface Wallet {
  readonly chainId: number;
  /** 0x and 40 hexadecimal digits, in lower case. */
  readonly address: string;
}
