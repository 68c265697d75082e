import type { Target } from '../catalog/model.js';

/**
 * The order in which targets are tried: by priority, lower first, and at random within one priority, so that each
 * target is first in proportion to its weight. @param random uniform in [0, 1).
 */
export function orderTargets(targets: readonly Target[], random: () => number): readonly Target[] {
  if (targets.length < 2) return targets;
  const priorities = [...new Set(targets.map((target) => target.priority))].sort((a, b) => a - b);
  return priorities.flatMap((priority) =>
    shuffle(
      targets.filter((target) => target.priority === priority),
      random,
    ),
  );
}

function shuffle(targets: Target[], random: () => number): Target[] {
  const left = [...targets];
  const order: Target[] = [];
  while (left.length > 1) order.push(...left.splice(pick(left, random), 1));
  return [...order, ...left];
}

function pick(targets: readonly Target[], random: () => number): number {
  const total = targets.reduce((sum, target) => sum + target.weight, 0);
  let point = random() * total;
  const position = targets.findIndex((target) => (point -= target.weight) < 0);
  return position === -1 ? targets.length - 1 : position;
}
