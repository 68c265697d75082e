import type { WorkTerms } from '../base/money/price.js';

/** What a running call has used so far. */
export interface CallProgress {
  readonly holdId: string;
  /** Whether anything was sent upstream. */
  readonly sent: boolean;
  readonly inputTokens: number;
  readonly outputTokens: number;
}

export interface HeldCall {
  readonly holdId: string;
  readonly keyId: string;
}

/** A hold whose process has died. */
export interface AbandonedCall extends HeldCall, CallProgress {
  readonly accountId: string;
  readonly requestId: string;
  readonly responseId: string | undefined;
  readonly idempotencyKey: string | undefined;
  /** Atomic USDC. */
  readonly amount: bigint;
  /** The key's own chain. */
  readonly keyChainId: number | null;
  readonly terms: WorkTerms;
  /** Of the transaction that has moved the wallet's payment. */
  readonly transactionHash: string | undefined;
}

/** Every process has one row with a lease. A process that finds a lapsed one ends the holds of its owner. */
export abstract class ProcessLeases {
  /**
   * Renews the lease and records the progress of all running calls in one statement.
   * @returns holds booked under this process that are not among `running`.
   */
  abstract renew(
    processId: string,
    leaseMs: number,
    running: readonly CallProgress[],
  ): Promise<readonly HeldCall[]>;
  /** Leaves holds of this process to the processes that take their calls over. */
  abstract handOver(processId: string, leaseMs: number, holdIds: readonly string[]): Promise<void>;
  /** At most `limit` holds of processes whose lease has run out, in the order of their ids, after the id `after`. */
  abstract abandoned(limit: number, after?: string): Promise<readonly AbandonedCall[]>;
  /** Removes the rows of dead processes that have no holds any more. */
  abstract forgetDead(): Promise<void>;
  /** Removes this process's row on a clean exit. */
  abstract end(processId: string): Promise<void>;
}
