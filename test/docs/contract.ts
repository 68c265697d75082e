import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { page, tableRows } from './markdown.js';

/** A row of a table that users rely on; tests cite its id in a title, in brackets. */
export interface ContractRow {
  readonly id: string;
  /** Its first cell. */
  readonly says: string;
}

/** Routes and charges name their rows in the last column; an error is named by its code. */
export function contractRows(): readonly ContractRow[] {
  return [...routeRows(), ...chargeRows(), ...errorRows()];
}

export function routeRows(): readonly ContractRow[] {
  return page('docs/routes.md')
    .split(/^## /m)
    .slice(1)
    .flatMap((section) => tableRows(section, 'route'))
    .map(namedByLastCell);
}

function chargeRows(): readonly ContractRow[] {
  return tableRows(page('docs/keys.md'), 'how the call ended').map(namedByLastCell);
}

function errorRows(): readonly ContractRow[] {
  return tableRows(page('docs/errors.md'), 'code').map(([code = '']) => ({
    id: `error.${code}`,
    says: code,
  }));
}

function namedByLastCell(cells: readonly string[]): ContractRow {
  return { id: cells.at(-1) ?? '', says: cells[0] ?? '' };
}

/** The ids that strings of the end-to-end tests have in brackets, by file. */
export function citations(): ReadonlyMap<string, readonly string[]> {
  const directory = join('test', 'e2e');
  const tests = readdirSync(directory, { recursive: true, encoding: 'utf8' }).filter((name) =>
    name.endsWith('.test.ts'),
  );
  return new Map(tests.map((name) => [name, citedIn(readFileSync(join(directory, name), 'utf8'))]));
}

/** In strings alone: a comment proves nothing. */
function citedIn(source: string): readonly string[] {
  const strings = source.match(/'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"|`(?:[^`\\]|\\.)*`/g) ?? [];
  return strings.flatMap((text) =>
    [...text.matchAll(/\[((?:route|charge|error)\.[\w.-]+)\]/g)].map(([, id = '']) => id),
  );
}
