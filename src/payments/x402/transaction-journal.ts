/** A signed transaction that has been, or is about to be, broadcast. */
export interface JournaledTransaction {
  /** 0x and 64 digits. */
  readonly hash: string;
  /** The signed bytes, 0x and hexadecimal: broadcasting them again is harmless. */
  readonly raw: string;
  readonly signer: string;
  /** The signer's account nonce. */
  readonly nonce: number;
}

export interface TransactionPurpose {
  readonly chainId: number;
  /** Address in lower case. */
  readonly signer: string;
  /** The payment that it moves, or pays back. */
  readonly paymentId: string;
  readonly kind: 'settlement' | 'refund';
  /** Of a refund: how many transactions of it the writer knows. With others, nothing is written: it would be paid twice. */
  readonly known?: number | undefined;
}

/** Every transaction is written here before it is broadcast, so that no death leaves one that nobody knows. */
export abstract class TransactionJournal {
  /**
   * Gives the signer's next nonce, and writes what was signed with it, if nobody has used that nonce meanwhile: then
   * it is signed anew. So over all replicas every nonce is written once, and there are no gaps.
   * @param firstNonce asks the chain; called for a signer that is new here
   * @param sign must not wait for a network; it may be called several times
   * @throws Error for a refund that is not due, or that somebody else is paying; when other processes are always first
   */
  abstract write(
    purpose: TransactionPurpose,
    firstNonce: () => Promise<number>,
    sign: (nonce: number) => Promise<{ readonly hash: string; readonly raw: string }>,
  ): Promise<JournaledTransaction>;
  /** Writes a transaction that takes the place of one that offers too low a fee: same account nonce, same purpose. */
  abstract replace(
    replaced: JournaledTransaction,
    signed: { readonly hash: string; readonly raw: string },
  ): Promise<JournaledTransaction>;
  /** The signer's transactions from this account nonce on; the lowest nonces first, of each the oldest first. */
  abstract from(
    chainId: number,
    signer: string,
    nonce: number,
    limit: number,
  ): Promise<readonly JournaledTransaction[]>;
  /** The transactions of a payment, oldest first. */
  abstract of(paymentId: string, kind: TransactionPurpose['kind']): Promise<readonly JournaledTransaction[]>;
}
