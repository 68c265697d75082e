import type { Payer } from '../payer.js';

/** What an operator may set on a key; amounts in atomic USDC. */
export interface KeySettings {
  readonly name: string | null;
  /** Null is unlimited. */
  readonly budgetLimit: bigint | null;
  readonly expiresAt: Date | null;
  readonly chainId: number | null;
  /** Public model ids; empty allows every model. */
  readonly allowedModels: readonly string[];
  readonly rateLimitRpm: number | null;
  readonly maxConcurrentRequests: number | null;
}

export const NO_LIMITS: KeySettings = {
  name: null,
  budgetLimit: null,
  expiresAt: null,
  chainId: null,
  allowedModels: [],
  rateLimitRpm: null,
  maxConcurrentRequests: null,
};

export interface KeyRecord extends KeySettings {
  readonly id: string;
  readonly accountId: string;
  readonly budgetSpent: bigint;
  readonly budgetHeld: bigint;
  /** Calls that run now, on all replicas. */
  readonly openHolds: number;
  readonly revokedAt: Date | null;
  readonly lastUsedAt: Date | null;
  readonly createdAt: Date;
}

export interface KeyPageRequest {
  readonly limit: number;
  readonly order: 'asc' | 'desc';
  /** Id of the last key of the previous page. */
  readonly after: string | undefined;
  /** Only keys of this account. */
  readonly accountId?: string | undefined;
}

export interface KeyPage {
  readonly keys: readonly KeyRecord[];
  readonly hasMore: boolean;
}

export abstract class KeyStore {
  /** Creates the account too, if there is none of that name. */
  abstract create(key: {
    readonly id: string;
    readonly accountId: string;
    readonly payer: Payer;
    readonly settings: KeySettings;
  }): Promise<KeyRecord>;
  /** Whether there is a key at all. */
  abstract any(): Promise<boolean>;
  abstract findFor(payer: Payer): Promise<KeyRecord | undefined>;
  /**
   * Counts one request for the key's rate limit, as a hold does; requests of one key one after the other.
   * @returns nothing, or the milliseconds until there is room for the request, which then was not counted
   */
  abstract countRequest(id: string): Promise<number | undefined>;
  abstract find(id: string): Promise<KeyRecord | undefined>;
  /** Newest first or oldest first. An unknown `after` gives an empty page. */
  abstract page(request: KeyPageRequest): Promise<KeyPage>;
  /** Sets what is named and leaves the rest. */
  abstract update(id: string, changes: Partial<KeySettings>): Promise<KeyRecord | undefined>;
  /** Revoking a revoked key keeps the first time. */
  abstract revoke(id: string): Promise<KeyRecord | undefined>;
}
