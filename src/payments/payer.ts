import { hash } from 'node:crypto';

/** The payer of a call: the holder of a key. The books say whether the key is valid, and what it may spend. */
export class Payer {
  /** The same for the same payer; for maps. */
  readonly id: string;

  /** @param hash SHA-256 of the key, by which the books find the payer */
  private constructor(readonly hash: Buffer) {
    this.id = hash.toString('base64');
  }

  /**
   * Keys are random, so a fast hash is enough. A key is found by an index over its hash, so timing may reveal
   * something about the hash of a guess, never about the key.
   */
  static ofKey(key: string): Payer {
    return new Payer(hash('sha256', key, 'buffer'));
  }

  /** For a call whose hold another process has taken: that process knew the payer. */
  static readonly unknown = new Payer(Buffer.alloc(0));
}
