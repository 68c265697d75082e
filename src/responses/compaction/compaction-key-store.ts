import type { Payer } from '../../payments/payer.js';

/** The secrets with which summaries are sealed: one for each account, the same in every process. */
export abstract class CompactionKeyStore {
  /**
   * The secret of the payer's account. The first one that is offered is kept.
   *
   * @returns undefined when nobody pays by this key, or not any more
   */
  abstract keepOrFind(payer: Payer, offered: Buffer): Promise<Buffer | undefined>;

  /** The secret of an account, as before. @throws Error when there is no such account */
  abstract keepOrFindOf(accountId: string, offered: Buffer): Promise<Buffer>;
}
