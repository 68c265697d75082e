/** Repetitions beyond this are not made. */
const MAX_REPEAT = 64;
/** Longer strings are cut: repetitions of repetitions would grow without bound. */
const MAX_LENGTH = 65_536;

/**
 * A string that matches a simple regular expression: literals, classes, `.`, groups (the first alternative),
 * quantifiers (the least count). Best effort: assertions and back references are ignored. Linear in the pattern.
 */
export function patternInstance(pattern: string): string {
  return new PatternReader(pattern).alternatives(0);
}

const MAX_DEPTH = 20;

class PatternReader {
  private position = 0;

  constructor(private readonly pattern: string) {}

  alternatives(depth: number): string {
    const first = this.sequence(depth);
    while (this.peek() === '|') {
      this.position += 1;
      this.sequence(depth);
    }
    return first;
  }

  private sequence(depth: number): string {
    let text = '';
    for (let next = this.peek(); next !== '' && next !== '|' && next !== ')'; next = this.peek()) {
      const atom = this.atom(depth);
      const count = this.count();
      if (text.length < MAX_LENGTH) text += atom.repeat(count);
    }
    return text.slice(0, MAX_LENGTH);
  }

  private atom(depth: number): string {
    const character = this.take();
    switch (character) {
      case '^':
      case '$':
        return '';
      case '.':
        return 'a';
      case '\\':
        return this.escape();
      case '[':
        return this.characterClass();
      case '(':
        return this.group(depth);
      default:
        return character;
    }
  }

  private group(depth: number): string {
    const prefix =
      /^\?(?:[:=!]|<[=!]|<[^>]*>)/.exec(this.pattern.slice(this.position, this.position + 80))?.[0] ?? '';
    this.position += prefix.length;
    const inner = depth < MAX_DEPTH ? this.alternatives(depth + 1) : '';
    if (this.peek() === ')') this.position += 1;
    const assertion = /^\?<?[=!]$/.test(prefix);
    return assertion ? '' : inner;
  }

  private characterClass(): string {
    const negated = this.peek() === '^';
    if (negated) this.position += 1;
    const first = this.peek() === '\\' ? (this.take(), this.escape()) : this.take();
    const members = new Set([first]);
    for (let next = this.peek(); next !== ']' && next !== ''; next = this.peek()) {
      members.add(next === '\\' ? (this.take(), this.escape()) : this.take());
    }
    this.position += 1;
    if (!negated) return first;
    return ['a', 'Z', '5', '_', ' ', '~'].find((candidate) => !members.has(candidate)) ?? '';
  }

  private escape(): string {
    const character = this.take();
    const known = ESCAPES[character];
    if (known !== undefined) return known;
    if (character === 'u' || character === 'x') {
      const digits = this.pattern.slice(this.position, this.position + (character === 'u' ? 4 : 2));
      this.position += digits.length;
      return String.fromCharCode(Number.parseInt(digits, 16) || 0x61);
    }
    return character;
  }

  /** The least count that the quantifier allows; for `*` and `?` none. */
  private count(): number {
    const rest = this.pattern.slice(this.position, this.position + 24);
    const quantifier = /^(?:[*+?]|\{(\d{1,9})(?:,\d{0,9})?\})\??/.exec(rest);
    if (!quantifier) return 1;
    this.position += quantifier[0].length;
    if (quantifier[1] !== undefined) return Math.min(Number(quantifier[1]), MAX_REPEAT);
    return quantifier[0].startsWith('+') ? 1 : 0;
  }

  private peek(): string {
    return this.pattern.charAt(this.position);
  }

  private take(): string {
    const character = this.peek();
    this.position += 1;
    return character;
  }
}

const ESCAPES: Readonly<Record<string, string>> = {
  d: '1',
  D: 'a',
  w: 'a',
  W: '-',
  s: ' ',
  S: 'a',
  b: '',
  B: '',
  t: '\t',
  n: '\n',
  r: '\r',
};
