import type { Profile } from '../../catalog/profile.js';

/** What of a target's profile was wrong, as its refusal shows; `omitFields` are further ones. */
export type Remedy = Partial<Profile>;

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
