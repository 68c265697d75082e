/** Conditions of a statement that is built from parts, with their values. */
export class Conditions {
  private readonly texts: string[] = [];
  readonly values: unknown[];

  constructor(earlier: readonly unknown[] = []) {
    this.values = [...earlier];
  }

  /** Each `?` of the text stands for the next value. A condition with an undefined value is left out. */
  add(text: string, ...values: readonly unknown[]): void {
    if (values.includes(undefined)) return;
    let next = this.values.push(...values) - values.length;
    this.texts.push(text.replaceAll('?', () => `$${(next += 1)}`));
  }

  /** The whole clause; nothing when there are no conditions. */
  get where(): string {
    return this.texts.length === 0 ? '' : `WHERE ${this.texts.join(' AND ')}`;
  }
}
