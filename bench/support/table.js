// @ts-check
/** How figures are printed: one line each, a column for each target, a column for each comparison. */
import { compare, spreadOf } from './figures.js';

/** @typedef {{ heading: string, upper: string, lower: string, yardstick: boolean }} Comparison of two columns */
/**
 * @typedef {object} Section
 * @property {string} title
 * @property {readonly string[]} columns
 * @property {readonly Comparison[]} comparisons
 * @property {readonly import('./figures.js').Figure[]} figures
 */

const NOTHING = '-';

/**
 * @param {number} value
 * @param {number} digits after the point
 */
const number = (value, digits) => (Number.isFinite(value) ? value.toFixed(digits) : NOTHING);

/**
 * @param {import('./figures.js').Spread} spread
 * @param {number} digits
 * @param {string} [sign]
 */
function withRange({ median, lowest, highest }, digits, sign = '') {
  if (!Number.isFinite(median)) return NOTHING;
  const shown = `${median >= 0 ? sign : ''}${number(median, digits)}`;
  return lowest === highest ? shown : `${shown} (${number(lowest, digits)}..${number(highest, digits)})`;
}

/**
 * @param {import('./figures.js').Figure} figure
 * @param {string} column
 */
function valueCell({ values, digits, compared, busy }, column) {
  const spread = spreadOf(values[column] ?? []);
  const isAlone = compared === undefined && Object.keys(values).length === 1;
  const shown = isAlone ? withRange(spread, digits) : number(spread.median, digits);
  return shown !== NOTHING && busy.includes(column) ? `${shown}!` : shown;
}

/**
 * @param {import('./figures.js').Figure} figure
 * @param {Comparison} comparison
 */
function comparedCell({ values, base, compared, digits }, { upper, lower, yardstick }) {
  // Two builds are compared in everything.
  if (compared === undefined && !lower.startsWith('beside')) return '';
  const against = (yardstick ? base : values[lower]) ?? [];
  const how = (yardstick && compared) || 'ratio';
  const spread = compare(values[upper] ?? [], against, how);
  return how === 'ratio' ? withRange(spread, 2) : withRange(spread, digits, '+');
}

/**
 * @param {Section} section
 * @param {(figure: import('./figures.js').Figure) => string} [labelOf]
 */
export function table({ title, columns, comparisons, figures }, labelOf = ({ label }) => label) {
  const lines = figures.map((figure) => ({
    label: `  ${labelOf(figure)}`,
    cells: [
      ...columns.map((column) => valueCell(figure, column)),
      ...comparisons.map((comparison) => comparedCell(figure, comparison)),
    ],
  }));
  const all = [{ label: title, cells: [...columns, ...comparisons.map(({ heading }) => heading)] }, ...lines];
  const first = Math.max(...lines.map(({ label }) => label.length), title.length);
  const widths = (all[0]?.cells ?? []).map((_, index) =>
    Math.max(...all.map(({ cells }) => cells[index]?.length ?? 0)),
  );
  return all
    .map(({ label, cells }) =>
      `${label.padEnd(first)}  ${cells.map((cell, index) => cell.padStart(widths[index] ?? 0)).join('  ')}`.trimEnd(),
    )
    .join('\n');
}
