/** Most of one process: further ones would only wait for each other in PostgreSQL. */
const MOST = 20;
/** Fewer would let calls wait for upkeep. */
const FEWEST = 4;
/** Of PostgreSQL's usual 100, those that a gateway with several workers shares out; the rest is for people and programs beside it. */
const SHARED_OUT = 90;
/** The lease of each process has a connection of its own. */
const OF_THE_LEASE = 1;

/**
 * How many connections each of the workers of a gateway may open beside that of its lease, and how many PostgreSQL
 * must have for all of them and for programs beside them.
 */
export function connectionsOf(workers: number): { readonly each: number; readonly needed: number } {
  const share = Math.floor(SHARED_OUT / workers) - OF_THE_LEASE;
  const each = Math.max(FEWEST, Math.min(MOST, share));
  return { each, needed: workers * (each + OF_THE_LEASE) + 10 };
}
