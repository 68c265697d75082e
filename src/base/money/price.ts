import type { AgentSession } from './agent-session.js';
import type { Measurement } from './meter.js';
import type { Charge } from './metering.js';

/**
 * The price as agreed before the work ran, whichever process ends it; later changes of the catalog do not affect it.
 */
export interface AgreedPrice {
  chargeFor(measurement: Measurement): Charge;
}

/** An agreed price as JSON, stored with the hold or the job. The other fields belong to its kind, see `agreedPrice`. */
export interface PriceTerms {
  /** Absent in records from before kinds had names. */
  readonly kind?: string;
  readonly feeBps: number;
}

/** The price of work that has not run yet. */
export interface Price extends AgreedPrice {
  /** Highest price; atomic USDC, fee included. */
  readonly wanted: bigint;
  /** Price with the least output that makes sense; atomic USDC, fee included. */
  readonly minimum: bigint;
  readonly terms: PriceTerms;
  /** @returns the output tokens that `granted` affords, if these are fewer than the client asked for */
  loweredCap(granted: bigint): number | undefined;
}

/** Data for settling work without the process that began it. Stored as JSON. */
export interface WorkTerms extends PriceTerms {
  /** Null: the key's own chain, else the default one. */
  readonly chainId: number | null;
  /** Configured id of the expected provider. */
  readonly provider: string;
  /** Public id without options. */
  readonly model: string;
  /** Set when a wallet pays. */
  readonly payment?: { readonly scheme: 'exact' | 'upto' } | undefined;
  /** Whose call it is; `charge_holds` writes it to the receipt's row. */
  readonly agent?: AgentSession | undefined;
}
