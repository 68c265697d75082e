import type { QueryConfig } from 'pg';

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
   * @param values one for each parameter; more are allowed
   * @throws Error for a parameter without a value: PostgreSQL would take it for null
   */
  with(values: Readonly<Record<string, unknown>>): QueryConfig {
    return {
      name: this.name,
      text: this.text,
      values: this.parameters.map((parameter) => {
        if (!(parameter in values)) throw new Error(`${this.name} needs a value for ${parameter}`);
        return values[parameter];
      }),
    };
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
    const parts = Object.entries(form).flatMap(([part, isThere]) => (isThere === true ? [part] : []));
    const name = [this.name, ...parts.sort()].join('_');
    const known = this.statements.get(name);
    if (known) return known;
    const statement = new NamedStatement(name, this.textOf(form));
    this.statements.set(name, statement);
    return statement;
  }
}
