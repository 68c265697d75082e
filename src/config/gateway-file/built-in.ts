import type { Section } from './section.js';
import type { CommonSettings } from './video-model.js';

/** Finds what is known of a model by its name at the first target, else by its own name. */
export function builtIn<Known>(
  section: Section,
  { id, targets }: Pick<CommonSettings, 'id' | 'targets'>,
  known: ReadonlyMap<string, Known>,
): Known | undefined {
  const found = known.get(targets[0]?.upstreamModel ?? id) ?? known.get(id);
  if (!found)
    section.refuse(
      'pricing',
      `cannot be builtin, since the built-in catalogue knows neither this id nor its first target's model; it knows ${[...known.keys()].join(', ')}`,
    );
  return found;
}
