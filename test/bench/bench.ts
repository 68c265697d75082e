/** The benchmark is JavaScript without declarations: what tests use of it. */

type Medians = Readonly<Record<string, number>>;

export interface Figure {
  readonly values: Readonly<Record<string, readonly number[]>>;
  readonly busy: readonly string[];
  readonly checked: boolean;
}

interface Sample {
  readonly result: number;
  readonly cost: object;
  readonly busy: boolean;
}

interface Figures {
  readonly figuresOf: (
    part: { readonly name: string; readonly rows: readonly object[] },
    samples: Readonly<Record<string, readonly Sample[]>>,
    yardstick: string,
  ) => readonly Figure[];
}

interface Results {
  readonly TOLERANCE: number;
  readonly mediansOf: (figure: Figure) => Medians;
  readonly newestResults: () => unknown;
  readonly speedParagraph: (results: unknown) => string;
  readonly comparison: (
    figures: readonly Figure[],
    before: { readonly figures: Readonly<Record<string, Medians>> },
  ) => { readonly lines: readonly string[]; readonly worse: boolean };
}

interface Table {
  readonly table: (section: {
    readonly title: string;
    readonly columns: readonly string[];
    readonly comparisons: readonly object[];
    readonly figures: readonly Figure[];
  }) => string;
}

const load = (name: string): Promise<unknown> => import(`../../bench/support/${name}.js`);

export const { figuresOf } = (await load('figures')) as Figures;
export const { table } = (await load('table')) as Table;
export const { TOLERANCE, comparison, mediansOf, newestResults, speedParagraph } = (await load(
  'results',
)) as Results;
