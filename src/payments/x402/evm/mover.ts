import type { Facilitator } from '../facilitator.js';

/** A facilitator with what keeps it able to move payments. */
export interface Mover extends Facilitator {
  /** Whose transactions move payments, and whether it moves those of `upto`. @throws as `tend` */
  offer(): Promise<{ readonly facilitatorAddress: string; readonly hasUpto: boolean }>;
  /**
   * To be called regularly.
   * @returns what it has for gas, in the chain's smallest unit; undefined where others pay for that
   * @throws ChainProblem, or whatever says that it cannot be reached; then it moves nothing for now
   */
  tend(): Promise<bigint | undefined>;
}
