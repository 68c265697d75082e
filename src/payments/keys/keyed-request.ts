import type { Payer } from '../payer.js';

/** A request that names a key, from its head to its answer. */
export interface KeyedRequest {
  readonly payer: Payer;
  /** One object for everything that is made from the request, so that the key's rate limit counts it once. */
  readonly rate: { counted: boolean };
}
