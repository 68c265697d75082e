import type { Measurement } from './meter.js';
import type { Charge } from './metering.js';

/** What work was priced at before it ran, whoever ends it: a later change of the catalog does not touch it. */
export interface AgreedPrice {
  chargeFor(measurement: Measurement): Charge;
}

/** An agreed price as JSON; it stands with the hold or the job. The rest is for its kind, see `agreedPrice`. */
export interface PriceTerms {
  /** Absent in what was stored before there were names for kinds. */
  readonly kind?: string;
  readonly feeBps: number;
}

/** What work is about to cost. */
export interface Price extends AgreedPrice {
  /** At most; atomic USDC, fee included. */
  readonly wanted: bigint;
  /** With its output cut down to the least that makes sense. */
  readonly minimum: bigint;
  readonly terms: PriceTerms;
  /** @returns the output tokens that `granted` affords, if it affords fewer than were asked for */
  loweredCap(granted: bigint): number | undefined;
}

/** What it takes to settle work without the process that began it. Stored as JSON. */
export interface WorkTerms extends PriceTerms {
  /** Null: the key's own chain, else the default one. */
  readonly chainId: number | null;
  /** Configured id of the provider that is expected to do it. */
  readonly provider: string;
  /** Public id without options. */
  readonly model: string;
}
