import { hash } from 'node:crypto';

/** The payer of a call: the holder of a key, or a wallet on one chain. The books say whether it may pay, and how much. */
export class Payer {
  /** The same for the same payer; for maps. */
  readonly id: string;

  /** @param hash SHA-256 of the key or of the wallet's name, by which the books find the payer */
  private constructor(
    readonly hash: Buffer,
    /** A wallet pays with each request; it must never be charged for one that does not bring a payment. */
    readonly isWallet = false,
  ) {
    this.id = hash.toString('base64');
  }

  /**
   * Keys are random, so a fast hash is enough. A key is found by an index over its hash, so timing may reveal
   * something about the hash of a guess, never about the key.
   */
  static ofKey(key: string): Payer {
    return new Payer(hash('sha256', key, 'buffer'));
  }

  /**
   * No key has this hash, because every key begins with `compose-`.
   * @param address in lower case
   */
  static ofWallet(chainId: number, address: string): Payer {
    return new Payer(hash('sha256', `eip155:${chainId}:${address}`, 'buffer'), true);
  }

  /** For a call whose hold another process has taken: that process knew the payer. */
  static readonly unknown = new Payer(Buffer.alloc(0));
}

/** The account that owns what a wallet's calls store, the same on all chains. @param address in lower case */
export function accountOfWallet(address: string): string {
  return `eip155:${address}`;
}
