import type { Profile } from '../../catalog/profile.js';

/** Corrections to a target's profile, as its refusal shows; `omitFields` are further ones. */
export type Remedy = Partial<Profile>;

/** The changes for the next attempt at the same target. */
export interface Trial {
  readonly remedy: Remedy;
  /** The part of the remedy that is right for every later request too, if this one is accepted. */
  readonly lasting?: Remedy | undefined;
}

/** Both remedies in one. */
function joined(before: Remedy | undefined, after: Remedy | undefined): Remedy | undefined {
  if (!before || !after) return before ?? after;
  const omitFields = [...(before.omitFields ?? []), ...(after.omitFields ?? [])];
  return { ...before, ...after, ...(omitFields.length > 0 && { omitFields }) };
}

/**
 * Once more with what was found, if anything was. An earlier remedy stays: the new refusal is about something else.
 *
 * @param lasts whether what was found is right for later requests too
 */
export function nextTrial(
  trial: Trial | undefined,
  found: Remedy | undefined,
  lasts: (found: Remedy) => boolean,
): Trial | undefined {
  const remedy = found && joined(trial?.remedy, found);
  if (!found || !remedy) return undefined;
  return { remedy, lasting: joined(trial?.lasting, lasts(found) ? found : undefined) };
}

/** The profile with what was learnt. */
export function remedied(profile: Profile, remedies: readonly Remedy[]): Profile {
  return remedies.reduce<Profile>(
    (before, remedy) => ({
      ...before,
      ...remedy,
      omitFields: [...before.omitFields, ...(remedy.omitFields ?? [])],
    }),
    profile,
  );
}
