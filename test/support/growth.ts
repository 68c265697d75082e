/** Microseconds: no work is taken for less, since shorter times say nothing. */
const LEAST = 1_000;
const ENOUGH_ROUNDS = 3;
const MOST_ROUNDS = 12;

function cpuMicroseconds(work: () => unknown): number {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return user + system;
}

/**
 * How many times as much CPU the large work takes as the small one. Both are repeated in turn and the least counts, since
 * what others do on the machine can only add to it; a ratio above `bound` is looked at more often before it is believed.
 */
export function growth(small: () => unknown, large: () => unknown, bound: number): number {
  let leastSmall = Infinity;
  let leastLarge = Infinity;
  let ratio = Infinity;
  for (let round = 1; round <= MOST_ROUNDS; round += 1) {
    leastSmall = Math.min(leastSmall, cpuMicroseconds(small));
    leastLarge = Math.min(leastLarge, cpuMicroseconds(large));
    ratio = leastLarge / Math.max(LEAST, leastSmall);
    if (round >= ENOUGH_ROUNDS && ratio < bound) break;
  }
  return ratio;
}
