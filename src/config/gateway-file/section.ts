import { isJsonObject } from '../../base/json.js';
import { multiplyCeil, parseDecimal, type Decimal } from '../../base/money/decimal.js';

/** The state of reading one file: the source of `${NAME}`, and the problems found so far. */
export interface Reading {
  readonly environment: NodeJS.ProcessEnv;
  readonly problems: string[];
}

export interface TextRule {
  readonly test: (text: string) => boolean;
  /** The expected value, in words that follow "must be". */
  readonly words: string;
}

const MAX_PRICE_USD = 1_000_000n;
const MAX_NUMBER_LENGTH = 40;
const REFERENCE = /\$\{([^}]*\}?)/g;
const NAME = /^([A-Za-z_][A-Za-z0-9_]*)\}$/;

/**
 * One mapping of the file. Every reader notes a problem with its path and then returns `undefined`, so that one pass
 * finds every problem; the file is refused at the end if there was any. Problems never quote a value, since a value
 * may be a secret.
 */
export class Section {
  private readonly known = new Set<string>();

  constructor(
    readonly path: string,
    private readonly fields: Readonly<Record<string, unknown>>,
    private readonly reading: Reading,
  ) {}

  at(key: string): string {
    return this.path === '' || key.startsWith('[') ? this.path + key : `${this.path}.${key}`;
  }

  refuse(key: string, words: string): undefined {
    this.reading.problems.push(`${this.at(key)}: ${words}`);
    return undefined;
  }

  require(...keys: readonly string[]): void {
    for (const key of keys) if (this.raw(key) === undefined) this.refuse(key, 'is required');
  }

  /** Notes every key that has not been read. */
  end(): void {
    const known = [...this.known].join(', ');
    for (const key of Object.keys(this.fields))
      if (!this.known.has(key)) this.refuse(key, `is not a known key; known here: ${known}`);
  }

  /** Marks keys as known without reading them. */
  accept(...keys: readonly string[]): void {
    for (const key of keys) this.known.add(key);
  }

  text(key: string, rule?: TextRule): string | undefined {
    const value = this.raw(key);
    if (value === undefined) return undefined;
    if (typeof value !== 'string') return this.refuse(key, 'must be text');
    const text = this.substitute(key, value);
    if (text === undefined || rule === undefined || rule.test(text)) return text;
    return this.refuse(key, `must be ${rule.words}`);
  }

  choice<Value extends string>(key: string, values: readonly Value[]): Value | undefined {
    const text = this.text(key);
    if (text === undefined) return undefined;
    return values.find((value) => value === text) ?? this.refuse(key, `must be ${anyOf(values)}`);
  }

  boolean(key: string): boolean | undefined {
    const value = this.raw(key);
    if (value === undefined || typeof value === 'boolean') return value;
    const text = this.choice(key, ['true', 'false']);
    return text === undefined ? undefined : text === 'true';
  }

  wholeNumber(key: string, smallest: number, largest: number): number | undefined {
    const text = this.text(key, {
      test: (digits) => /^\d{1,15}$/.test(digits) && Number(digits) >= smallest && Number(digits) <= largest,
      words: `a whole number from ${smallest} to ${largest}`,
    });
    return text === undefined ? undefined : Number(text);
  }

  /** USD, exactly as written. */
  price(key: string): Decimal | undefined {
    const text = this.text(key, {
      test: isPrice,
      words: `a non-negative decimal number of USD, such as 1.25, and not above ${MAX_PRICE_USD.toString()}`,
    });
    return text === undefined ? undefined : parseDecimal(text);
  }

  texts(key: string, rule: TextRule): readonly string[] | undefined {
    const entries = this.list(key);
    return entries?.flatMap(
      (_entry, index) => this.entry(key, entries, index).text(`[${index}]`, rule) ?? [],
    );
  }

  section(key: string): Section | undefined {
    const value = this.raw(key);
    if (value === undefined) return undefined;
    if (!isJsonObject(value)) return this.refuse(key, 'must be a mapping');
    return new Section(this.at(key), value, this.reading);
  }

  sections(key: string): readonly Section[] {
    const entries = this.list(key) ?? [];
    return entries.flatMap((_entry, index) => this.entry(key, entries, index).section(`[${index}]`) ?? []);
  }

  /** Each entry of a list as the only field of a section, for entries of more than one kind. */
  entries(key: string): readonly Section[] {
    const entries = this.list(key) ?? [];
    return entries.map((_entry, index) => this.entry(key, entries, index));
  }

  /** A mapping from any name to text; `words` say what name and value must be. */
  textsByName(
    key: string,
    rule: (name: string, value: string) => boolean,
    words: string,
  ): Map<string, string> {
    const section = this.section(key);
    const names = section === undefined ? [] : Object.keys(section.fields);
    const found = new Map<string, string>();
    for (const name of names) {
      const value = section?.text(name, { test: (text) => rule(name, text), words });
      if (value !== undefined) found.set(name, value);
    }
    return found;
  }

  isMissing(key: string): boolean {
    return this.raw(key) === undefined;
  }

  isText(key: string): boolean {
    return typeof this.raw(key) === 'string';
  }

  isMapping(key: string): boolean {
    return isJsonObject(this.raw(key));
  }

  isEmptyList(key: string): boolean {
    const value = this.raw(key);
    return Array.isArray(value) && value.length === 0;
  }

  keys(): readonly string[] {
    return Object.keys(this.fields);
  }

  private list(key: string): readonly unknown[] | undefined {
    const value = this.raw(key);
    if (value === undefined || Array.isArray(value)) return value;
    return this.refuse(key, 'must be a list');
  }

  /** The list as a section whose keys are its indices, so that its entries are read like fields. */
  private entry(key: string, entries: readonly unknown[], index: number): Section {
    return new Section(this.at(key), { [`[${index}]`]: entries[index] ?? '' }, this.reading);
  }

  private raw(key: string): unknown {
    this.known.add(key);
    return Object.hasOwn(this.fields, key) ? (this.fields[key] ?? undefined) : undefined;
  }

  private substitute(key: string, text: string): string | undefined {
    const problemsBefore = this.reading.problems.length;
    const replaced = text.replaceAll(REFERENCE, (_match, rest: string) => {
      const [, name] = NAME.exec(rest) ?? [];
      const value = name === undefined ? undefined : this.reading.environment[name];
      if (value) return value;
      this.refuse(
        key,
        name === undefined
          ? 'has a reference that is not ${NAME} with the name of an environment variable'
          : `takes the environment variable ${name}, which is not set`,
      );
      return '';
    });
    return this.reading.problems.length === problemsBefore ? replaced : undefined;
  }
}

function isPrice(text: string): boolean {
  if (text.length > MAX_NUMBER_LENGTH) return false;
  try {
    return multiplyCeil(1n, parseDecimal(text)) <= MAX_PRICE_USD;
  } catch {
    return false;
  }
}

function anyOf(values: readonly string[]): string {
  return values.length === 1 ? values.join() : `one of ${values.join(', ')}`;
}
