const QUOTE = 34;
const BACKSLASH = 92;
const OPENING_BRACKET = 91;
const CLOSING_BRACKET = 93;
const OPENING_BRACE = 123;
const CLOSING_BRACE = 125;

/**
 * Whether JSON text is nested more than `limit` levels deep. Linear. A text that is too short for it costs nothing,
 * and a text with few brackets costs two searches.
 */
export function exceedsDepth(text: string, limit: number): boolean {
  if (text.length <= 2 * limit || opensAtMost(text, limit)) return false;
  let depth = 0;
  for (let position = 0; position < text.length; position += 1) {
    const unit = text.charCodeAt(position);
    if (unit === QUOTE) {
      position = endOfString(text, position);
    } else if (unit === OPENING_BRACKET || unit === OPENING_BRACE) {
      depth += 1;
      if (depth > limit) return true;
    } else if (unit === CLOSING_BRACKET || unit === CLOSING_BRACE) {
      depth -= 1;
    }
  }
  return false;
}

/** Whether there are so few brackets, in strings or not, that the depth need not be counted. */
function opensAtMost(text: string, limit: number): boolean {
  let left = limit;
  for (const bracket of ['{', '[']) {
    for (let at = text.indexOf(bracket); at !== -1; at = text.indexOf(bracket, at + 1)) {
      if (left === 0) return false;
      left -= 1;
    }
  }
  return true;
}

/** Position of the quote that closes the string which begins at `start`; the text's end if there is none. */
function endOfString(text: string, start: number): number {
  for (let end = text.indexOf('"', start + 1); end !== -1; end = text.indexOf('"', end + 1)) {
    let before = end - 1;
    while (text.charCodeAt(before) === BACKSLASH) before -= 1;
    if ((end - before) % 2 === 1) return end;
  }
  return text.length;
}
