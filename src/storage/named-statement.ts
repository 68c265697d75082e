import type { QueryConfig } from 'pg';

type Values = Readonly<Record<string, unknown>>;

const PARAMETER = /\$([a-z]\w*)/gi;

/** A prepared statement whose text names its parameters, such as `$holdIds`. PostgreSQL gets their numbers. */
export class NamedStatement {
  private readonly parameters: readonly string[];
  private readonly text: string;

  /** @param name PostgreSQL's name of the prepared statement: one text each */
  constructor(
    private readonly name: string,
    text: string,
  ) {
    this.parameters = [...new Set(Array.from(text.matchAll(PARAMETER), ([, parameter = '']) => parameter))];
    this.text = text.replace(
      PARAMETER,
      (_, parameter: string) => `$${this.parameters.indexOf(parameter) + 1}`,
    );
  }

  /**
   * @param given together, a value for each parameter, of which the first counts; more are allowed. Several objects,
   *   since putting thirty values into one costs as much as making the statement
   * @throws Error for a parameter without a value: PostgreSQL would take it for null
   */
  with(...given: readonly Values[]): QueryConfig {
    const values = this.parameters.map((parameter) => this.valueOf(parameter, given));
    return { name: this.name, text: this.text, values };
  }

  private valueOf(parameter: string, given: readonly Values[]): unknown {
    for (const values of given) {
      const value = values[parameter];
      if (value !== undefined || parameter in values) return value;
    }
    throw new Error(`${this.name} needs a value for ${parameter}`);
  }
}

/** One prepared statement for each form that a batch may have: it has only the needed parts, which costs less. */
export class StatementForms<Form extends { readonly [part in keyof Form]: boolean }> {
  private readonly statements = new Map<string, NamedStatement>();

  /** @param name the beginning of the statements' names, before the parts of their form */
  constructor(
    private readonly name: string,
    private readonly textOf: (form: Form) => string,
  ) {}

  of(form: Form): NamedStatement {
    let { name } = this;
    // Every call asks: no arrays. Another order of the parts would only be another name of the same statement.
    for (const part in form) if (form[part]) name += `_${part}`;
    const known = this.statements.get(name);
    if (known) return known;
    const statement = new NamedStatement(name, this.textOf(form));
    this.statements.set(name, statement);
    return statement;
  }
}
