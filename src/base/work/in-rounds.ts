/** More than there is ever to do at once. */
const MOST_ROUNDS = 1_000;

/**
 * Does rounds of at most `size` until one has nothing to do.
 *
 * @param round what it has done
 * @param signal no round begins once it is aborted
 * @returns what all rounds have done
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
