/** What stands for half of a character whose other half is missing. */
const REPLACEMENT = '\\ufffd';

/**
 * An escaped backslash, both halves of a character, or one half alone. The first two are there so that their ends are
 * not taken for the beginning of something else.
 */
const HALVES = /\\(?:\\|ud[89ab][0-9a-f]{2}\\ud[c-f][0-9a-f]{2}|ud[89a-f][0-9a-f]{2})/gi;
const HALF_LENGTH = REPLACEMENT.length;

/**
 * JSON text whose strings and names are whole Unicode. Many parsers refuse half a surrogate pair, which is what is left
 * of an emoji that somebody cut, and `JSON.stringify` writes it as an escape. Linear, and one look where there is none.
 */
export function wellFormedJson(text: string): string {
  if (!text.includes('\\ud') && !text.includes('\\uD')) return text;
  return text.replace(HALVES, (found) => (found.length === HALF_LENGTH ? REPLACEMENT : found));
}
