/** The secrets with which summaries are sealed: one for each account, the same in every process. */
export abstract class CompactionKeyStore {
  /**
   * The secret of the account that the API key belongs to. The first one that is offered is kept.
   *
   * @param keyHash SHA-256 of the API key
   * @returns undefined when there is no such key, or it does not live any more
   */
  abstract keepOrFind(keyHash: Buffer, offered: Buffer): Promise<Buffer | undefined>;

  /** The secret of an account, as before. @throws Error when there is no such account */
  abstract keepOrFindOf(accountId: string, offered: Buffer): Promise<Buffer>;
}
