import { createHash } from 'node:crypto';
import type { Target } from '../catalog/model.js';
import { commonMarkOf, markOf, withEachKey } from '../catalog/provider-keys.js';

/**
 * The order in which a call tries its targets, each with each key of its provider: by priority, lower first, and
 * within one priority by weighted rendezvous hashing. Calls with the same affinity get the same order in every
 * process, whatever the order in the file; each target is first for a share of them by its weight, which its keys
 * divide among themselves. Without one of them, only the calls that had it first change.
 *
 * David G. Thaler, Chinya V. Ravishankar: Using Name-Based Mappings to Increase Hit Rates (1998); weights by
 * Jason Resch: New Hashing Algorithms for Data Storage (2015).
 *
 * @param affinity what calls have in common that should go to the same place; see `affinityOf`. Asked for only if there is a choice
 */
export function orderTargets(targets: readonly Target[], affinity: () => string): readonly Target[] {
  const each = targets.flatMap((target) => {
    const providers = withEachKey(target.provider);
    const weight = target.weight / providers.length;
    return providers.map((provider) => ({ ...target, provider, weight }));
  });
  if (each.length < 2) return each;
  const common = affinity();
  return each
    .map((target) => ({ target, score: scoreOf(target, common) }))
    .sort((a, b) => a.target.priority - b.target.priority || b.score - a.score)
    .map(({ target }) => target);
}

function scoreOf({ provider, upstreamModel, weight }: Target, affinity: string): number {
  const place = provider.keyNumber === undefined ? provider.id : markOf(provider);
  const hash = createHash('sha256').update(`${affinity}\0${place}\0${upstreamModel}`).digest();
  const uniform = (hash.readUIntBE(0, 6) + 0.5) / 2 ** 48;
  return -weight / Math.log(uniform);
}

/** Whether both are the same model at the same provider, perhaps with different keys. */
export function areSameTarget(one: Target, other: Target): boolean {
  return (
    one.upstreamModel === other.upstreamModel && commonMarkOf(one.provider) === commonMarkOf(other.provider)
  );
}
