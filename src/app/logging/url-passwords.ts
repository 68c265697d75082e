/** From after `://`: what may stand before a password. */
const USER = /[^\s:/@"]*:/y;
const BLANK = /[\s"]/g;

/** Shows `mark` in place of the passwords in URLs. Takes time in proportion to the text, whatever it consists of. */
export function withoutUrlPasswords(text: string, mark: string): string {
  let shown = '';
  let copied = 0;
  let at = -1;
  let blank = -1;
  for (let scheme = text.indexOf('://'); scheme !== -1; scheme = text.indexOf('://', scheme + 3)) {
    USER.lastIndex = scheme + 3;
    if (scheme < copied || !USER.test(text)) continue;
    const password = USER.lastIndex;
    if (at < password) at = text.indexOf('@', password);
    if (at === -1) break;
    if (blank < password) blank = nextBlank(text, password);
    if (at === password || at > blank) continue;
    shown += text.slice(copied, password) + mark;
    copied = at;
  }
  return shown + text.slice(copied);
}

function nextBlank(text: string, from: number): number {
  BLANK.lastIndex = from;
  return BLANK.exec(text)?.index ?? text.length;
}
