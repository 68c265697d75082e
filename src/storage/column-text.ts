/** NUL, and half of a surrogate pair. */
const UNSTORABLE = /[\0\p{Surrogate}]/gu;

/**
 * What a text column can hold of an id that a client made up. Ids that differ in characters alone which it cannot hold
 * become one; ids of ours have none.
 */
export function columnText(id: string): string {
  return id.replace(UNSTORABLE, '\uFFFD');
}
