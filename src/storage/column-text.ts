/**
 * What a text column can hold of an id that a client made up: no NUL and no half of a surrogate pair. Ids that differ
 * in these alone become one; ids of ours have none.
 */
export function columnText(id: string): string {
  return id.replaceAll('\0', '\uFFFD').toWellFormed();
}
