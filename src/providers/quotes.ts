/** A run of this many characters in both texts is no accident. */
const RUN = 24;
/** Minimum length of a whole text to be recognised; a shorter text is a common word. */
const WHOLE = 8;
/** Any run of 24 holds a whole block of this size, wherever it begins. */
const BLOCK = 12;
/** Limit for all texts together. More is not searched. */
const MAX_SEARCHED = 1_000_000;
const MAX_FINDS = 1_000;

/**
 * Whether a short message holds a part of a request: 24 characters in a row, or a whole text of at least 8. The work
 * is bounded; a comparison that would take more counts as a quotation.
 */
export function quotes(message: string, texts: readonly string[]): boolean {
  if (texts.some((text) => isWhole(text.trim(), message))) return true;
  const searched = texts.filter((text) => text.length >= RUN);
  const size = searched.reduce((sum, text) => sum + text.length, 0);
  if (message.length < RUN) return false;
  return size > MAX_SEARCHED || searched.some((text) => sharesRun(message, text));
}

function isWhole(text: string, message: string): boolean {
  return text.length >= WHOLE && text.length <= message.length && message.includes(text);
}

function sharesRun(message: string, text: string): boolean {
  let finds = 0;
  for (let at = 0; at + BLOCK <= message.length; at += BLOCK) {
    const block = message.slice(at, at + BLOCK);
    for (let found = text.indexOf(block); found !== -1; found = text.indexOf(block, found + 1)) {
      finds += 1;
      if (finds > MAX_FINDS || runAround(message, at, text, found) >= RUN) return true;
    }
  }
  return false;
}

/** Length of the common run around two equal blocks, as far as it matters. */
function runAround(a: string, atA: number, b: string, atB: number): number {
  let before = 0;
  while (before < RUN && atA > before && atB > before && a[atA - before - 1] === b[atB - before - 1])
    before += 1;
  let length = BLOCK;
  while (length < RUN && atA + length < a.length && a[atA + length] === b[atB + length]) length += 1;
  return before + length;
}
