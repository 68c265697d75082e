interface Statement {
  readonly name: string;
  readonly text: string;
}

/** One prepared statement for each form that a batch may have: it names only what there is, which costs less. */
export class StatementForms<Form extends { readonly [part in keyof Form]: boolean }> {
  private readonly statements = new Map<string, Statement>();

  /** @param name what PostgreSQL's prepared statements are called, with the parts of their form */
  constructor(
    private readonly name: string,
    private readonly textOf: (form: Form) => string,
  ) {}

  of(form: Form): Statement {
    const parts = Object.entries(form).flatMap(([part, isThere]) => (isThere === true ? [part] : []));
    const name = [this.name, ...parts.sort()].join('_');
    const known = this.statements.get(name);
    if (known) return known;
    const statement = { name, text: this.textOf(form) };
    this.statements.set(name, statement);
    return statement;
  }
}
