// @ts-check

const COLUMNS = ['direct', 'proxy', 'gateway', 'ratio'];
const HEADINGS = ['direct', 'bare proxy', 'gateway', 'gateway ÷ proxy'];

/**
 * One aligned table: the figures of each part below its title.
 * @param {readonly { title: string, rows: readonly import('./figures.js').Row[] }[]} sections
 */
export function table(sections) {
  const lines = sections.flatMap(({ title, rows }) => [
    { label: title, cells: COLUMNS.map(() => '') },
    ...rows.map(({ label, cells }) => ({
      label: `  ${label}`,
      cells: COLUMNS.map((column) => cells[column] ?? ''),
    })),
  ]);
  const first = Math.max(...lines.map(({ label }) => label.length));
  const widths = HEADINGS.map((heading, index) =>
    Math.max(heading.length, ...lines.map(({ cells }) => cells[index]?.length ?? 0)),
  );
  const line = (/** @type {string} */ label, /** @type {readonly string[]} */ cells) =>
    `${label.padEnd(first)}  ${cells.map((cell, index) => cell.padStart(widths[index] ?? 0)).join('  ')}`.trimEnd();
  return [line('', HEADINGS), ...lines.map(({ label, cells }) => line(label, cells))].join('\n');
}
