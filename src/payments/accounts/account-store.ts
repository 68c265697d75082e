/** An account with what it has stored, in bytes as they were written. */
export interface AccountRecord {
  readonly id: string;
  readonly createdAt: Date;
  readonly storedBytes: number;
  /** Null: the limit that is configured for all accounts. */
  readonly maxStoredBytes: number | null;
}

export abstract class AccountStore {
  abstract find(id: string): Promise<AccountRecord | undefined>;
  abstract setMaxStoredBytes(id: string, bytes: number | null): Promise<AccountRecord | undefined>;
  /** Adds at most `limit` changes to the sums of what accounts store. @returns how many there were */
  abstract foldStoredChanges(limit: number): Promise<number>;
}
