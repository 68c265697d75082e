// @ts-check

const COLUMNS = {
  direct: 'direct',
  proxy: 'bare proxy',
  gateway: 'gateway',
  ratio: 'gateway ÷ proxy',
  beside: 'beside',
  gained: 'gateway ÷ beside',
};

/**
 * One aligned table: the figures of each part below its title.
 * @param {readonly { title: string, rows: readonly import('./figures.js').Row[] }[]} sections
 */
export function table(sections) {
  const filled = new Set(sections.flatMap(({ rows }) => rows.flatMap(({ cells }) => Object.keys(cells))));
  const shown = Object.entries(COLUMNS).filter(([column]) => filled.has(column));
  const headings = shown.map(([, heading]) => heading);
  const lines = sections.flatMap(({ title, rows }) => [
    { label: title, cells: shown.map(() => '') },
    ...rows.map(({ label, cells }) => ({
      label: `  ${label}`,
      cells: shown.map(([column]) => cells[column] ?? ''),
    })),
  ]);
  const first = Math.max(...lines.map(({ label }) => label.length));
  const widths = headings.map((heading, index) =>
    Math.max(heading.length, ...lines.map(({ cells }) => cells[index]?.length ?? 0)),
  );
  const line = (/** @type {string} */ label, /** @type {readonly string[]} */ cells) =>
    `${label.padEnd(first)}  ${cells.map((cell, index) => cell.padStart(widths[index] ?? 0)).join('  ')}`.trimEnd();
  return [line('', headings), ...lines.map(({ label, cells }) => line(label, cells))].join('\n');
}
