/** Longest run of blanks, and of other characters, in one token. */
const MAX_RUN = 12;

/**
 * The sandbox's own tokenizer: a token is a word with the blanks before it, each cut at 12 UTF-16 units. The joined
 * tokens are the original text; every token is at least one byte of UTF-8.
 */
export function* tokensOf(text: string): Generator<string, void, undefined> {
  for (let start = 0; start < text.length;) {
    const end = tokenEnd(text, start);
    yield text.slice(start, end);
    start = end;
  }
}

export function countTokens(text: string): number {
  let count = 0;
  for (let start = 0; start < text.length; start = tokenEnd(text, start)) count += 1;
  return count;
}

function tokenEnd(text: string, start: number): number {
  let end = start;
  while (end < text.length && end - start < MAX_RUN && isBlank(text, end)) end += 1;
  const word = end;
  while (end < text.length && end - word < MAX_RUN && !isBlank(text, end)) end += 1;
  return isLowSurrogate(text, end) && !isLowSurrogate(text, end - 1) ? end + 1 : end;
}

function isBlank(text: string, position: number): boolean {
  return text.charCodeAt(position) <= 0x20;
}

function isLowSurrogate(text: string, position: number): boolean {
  return (text.charCodeAt(position) & 0xfc00) === 0xdc00;
}
