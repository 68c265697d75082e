/**
 * A pair of metadata as text that a column can hold: JSON writes NUL and half a surrogate pair as escapes, which are
 * plain characters here, so that pairs can be compared by the database.
 */
export function pairText([key, value]: readonly [string, string]): string {
  return JSON.stringify([key, value]);
}

export function fromPairTexts(pairs: readonly string[]): Readonly<Record<string, string>> {
  return Object.fromEntries(pairs.map((pair) => JSON.parse(pair) as [string, string]));
}
