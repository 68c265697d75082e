/** More rounds than one run ever needs. */
const MOST_ROUNDS = 1_000;

/**
 * Runs rounds of at most `size` until one has nothing to do.
 *
 * @param round returns how many items it has handled
 * @param signal once it aborts, no new round begins
 * @returns how many items all rounds have handled
 */
export async function inRounds(
  size: number,
  round: (size: number) => Promise<number>,
  signal?: AbortSignal,
): Promise<number> {
  let done = 0;
  for (let rounds = 0; rounds < MOST_ROUNDS && !signal?.aborted; rounds += 1) {
    const count = await round(size);
    if (count === 0) break;
    done += count;
  }
  return done;
}
