import { collectGarbage } from './held-bytes.js';

/** Microseconds: no work is taken for less, since shorter times say nothing. */
const LEAST = 1_000;
const ENOUGH_ROUNDS = 3;
const MOST_ROUNDS = 12;

function cpuSince(before: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(before);
  return user + system;
}

/** The least CPU that two kinds of work have taken, in microseconds. */
class Compared {
  private round = 0;
  private small = Infinity;
  private large = Infinity;

  get ratio(): number {
    return this.large / Math.max(LEAST, this.small);
  }

  add(small: number, large: number): void {
    this.round += 1;
    this.small = Math.min(this.small, small);
    this.large = Math.min(this.large, large);
  }

  /** Whether to look again, which an unbelievable ratio is after a collection. */
  needsAnother(bound: number, enoughRounds: number): boolean {
    if (this.round < enoughRounds) return true;
    if (this.round >= MOST_ROUNDS || this.ratio < bound) return false;
    // A collection under way on other threads counts as this process's CPU, and a large heap's outlasts every round.
    collectGarbage();
    return true;
  }
}

/**
 * How many times as much CPU the large work takes as the small one. Both are repeated in turn and the least counts, since
 * what others do on the machine can only add to it; a ratio above `bound` is looked at more often, with the garbage gone,
 * before it is believed.
 *
 * @param enoughRounds 1 for work that is so large that what others add does not matter
 */
export function growth(
  small: () => unknown,
  large: () => unknown,
  bound: number,
  enoughRounds = ENOUGH_ROUNDS,
): number {
  const compared = new Compared();
  const measured = (work: () => unknown): number => {
    const before = process.cpuUsage();
    work();
    return cpuSince(before);
  };
  while (compared.needsAnother(bound, enoughRounds)) compared.add(measured(small), measured(large));
  return compared.ratio;
}

/** The same of work that waits; what else this process does meanwhile counts as well. */
export async function growthOfCalls(
  small: () => Promise<unknown>,
  large: () => Promise<unknown>,
  bound: number,
): Promise<number> {
  const compared = new Compared();
  const measured = async (work: () => Promise<unknown>): Promise<number> => {
    const before = process.cpuUsage();
    await work();
    return cpuSince(before);
  };
  while (compared.needsAnother(bound, 1)) compared.add(await measured(small), await measured(large));
  return compared.ratio;
}
