import { hash } from 'node:crypto';

/** Who pays for a call: the holder of a key. Whether that key lives, and what it may spend, is for the books to say. */
export class Payer {
  /** The same for the same payer; for maps. */
  readonly id: string;

  /** @param hash SHA-256 of the key, by which the books find who pays */
  private constructor(readonly hash: Buffer) {
    this.id = hash.toString('base64');
  }

  /**
   * Keys are random, so a fast hash is enough. A key is found by an index over its hash: what a timing could tell is
   * about the hash of a guess, never about the key.
   */
  static ofKey(key: string): Payer {
    return new Payer(hash('sha256', key, 'buffer'));
  }

  /** Of a call whose hold another process has taken: it knew who pays. */
  static readonly unknown = new Payer(Buffer.alloc(0));
}
