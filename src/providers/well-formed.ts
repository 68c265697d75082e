/** Replaces a lone surrogate. */
const REPLACEMENT = '\\ufffd';

/**
 * An escaped backslash, a surrogate pair, or a lone surrogate. The first two are matched so that their ends are not
 * taken for the beginning of something else.
 */
const HALVES = /\\(?:\\|ud[89ab][0-9a-f]{2}\\ud[c-f][0-9a-f]{2}|ud[89a-f][0-9a-f]{2})/gi;
const HALF_LENGTH = REPLACEMENT.length;

/**
 * JSON text whose strings and names are well-formed Unicode. Many parsers refuse a lone surrogate, such as the rest
 * of an emoji that was cut; `JSON.stringify` writes it as an escape. Linear, and a single search where there is none.
 */
export function wellFormedJson(text: string): string {
  if (!text.includes('\\ud') && !text.includes('\\uD')) return text;
  return text.replace(HALVES, (found) => (found.length === HALF_LENGTH ? REPLACEMENT : found));
}
