import type { Payer } from '../../payments/payer.js';

/** The secrets that seal summaries: one for each account, the same in every process. */
export abstract class CompactionKeyStore {
  /**
   * The secret of the payer's account. The first offered secret is kept.
   *
   * @returns undefined for a key that does not exist or is not live any more
   */
  abstract keepOrFind(payer: Payer, offered: Buffer): Promise<Buffer | undefined>;

  /** The secret of an account, by the same rule. @throws Error when there is no such account */
  abstract keepOrFindOf(accountId: string, offered: Buffer): Promise<Buffer>;
}
