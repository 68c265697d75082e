/** An account with what it has stored, in bytes as they were written. */
export interface AccountRecord {
  readonly id: string;
  readonly createdAt: Date;
  readonly storedBytes: number;
  /** Null: as configured for all. */
  readonly maxStoredBytes: number | null;
}

export abstract class AccountStore {
  abstract find(id: string): Promise<AccountRecord | undefined>;
  abstract setMaxStoredBytes(id: string, bytes: number | null): Promise<AccountRecord | undefined>;
  /** Sums up at most `limit` changes of what is stored. @returns how many there were */
  abstract foldStoredChanges(limit: number): Promise<number>;
}
