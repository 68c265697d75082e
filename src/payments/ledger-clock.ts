/**
 * The time of the ledger: all replicas have it alike, however wrong the clocks of their machines are. So receipts are in
 * order, and in the day that the ledger sums them up in.
 */
export abstract class LedgerClock {
  /** Unix time in milliseconds. */
  abstract nowMs(): number;
}
