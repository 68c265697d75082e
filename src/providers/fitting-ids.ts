import { createHash } from 'node:crypto';
import type { ToolCallIdRule } from '../catalog/profile.js';

type FittingRule = Exclude<ToolCallIdRule, 'kept'>;

const FITS: Readonly<Record<FittingRule, RegExp>> = {
  short: /^[^]{1,40}$/,
  plain: /^[A-Za-z0-9_-]+$/,
  nine: /^[A-Za-z0-9]{9}$/,
};

const LETTERS_AND_DIGITS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';

/**
 * Ids that a service accepts, for the calls of a conversation and their outputs. An id that fits stays, and so does
 * every id that the service made itself. Any other id is replaced by one made from its hash, so that it is the same on
 * every turn. An id that a later call repeats is replaced too: each call has its own.
 */
export class FittingIds {
  private readonly taken: Set<string>;
  private readonly names = new Map<string, { readonly all: string[]; answered: number }>();

  /** @param calls the ids of all calls of the conversation, in their order; an absent id is empty */
  constructor(
    private readonly rule: FittingRule,
    calls: readonly string[],
  ) {
    this.taken = new Set(calls.filter((id) => FITS[rule].test(id)));
  }

  ofCall(id: string): string {
    const known = this.namesOf(id);
    const name = known.all.length === 0 && this.taken.has(id) ? id : this.made(id, known.all.length);
    known.all.push(name);
    return name;
  }

  /** Outputs with one id answer the calls with that id in order; further outputs belong to the last call. */
  ofOutput(id: string): string {
    const known = this.namesOf(id);
    const name = known.all[known.answered] ?? known.all.at(-1);
    if (name === undefined) return this.ofCall(id);
    known.answered += 1;
    return name;
  }

  private namesOf(id: string): { readonly all: string[]; answered: number } {
    const known = this.names.get(id) ?? { all: [], answered: 0 };
    this.names.set(id, known);
    return known;
  }

  private made(id: string, occurrence: number): string {
    for (let round = 0; ; round += 1) {
      const digest = createHash('sha256')
        .update(JSON.stringify([id, occurrence, round]))
        .digest();
      const name = this.rule === 'nine' ? nineOf(digest) : `call_${digest.toString('hex', 0, 16)}`;
      if (this.taken.has(name)) continue;
      this.taken.add(name);
      return name;
    }
  }
}

function nineOf(digest: Buffer): string {
  return Array.from(digest.subarray(0, 9), (byte) => LETTERS_AND_DIGITS[byte % 62]).join('');
}
