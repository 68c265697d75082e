// @ts-check
/** What runs have found: dated files, one for each day and major version of Node. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { compare, spreadOf } from './figures.js';

const DIRECTORY = fileURLToPath(new URL('../results', import.meta.url));
/** Ratios of two runs on machines that are not alike differ by less, unless the build has changed. */
export const TOLERANCE = 0.25;
const SURFACES = ['native', 'external'];

/**
 * @typedef {Record<string, number>} Medians of `proxy`, `native`, `external`, `native/proxy` …; `native-proxy`, where
 *   it is a difference
 * @typedef {object} Results
 * @property {string} date
 * @property {string} node
 * @property {string} machine
 * @property {string} commit
 * @property {Record<string, Medians>} figures by id
 */

/** @param {import('./figures.js').Figure} figure @returns {Medians} */
export function mediansOf({ values, base, compared, digits }) {
  const shown = ['proxy', ...SURFACES].map((column) => [
    column,
    rounded(spreadOf(values[column] ?? []).median, digits),
  ]);
  const against =
    compared === undefined
      ? []
      : SURFACES.map((surface) => [
          compared === 'ratio' ? `${surface}/proxy` : `${surface}-proxy`,
          rounded(compare(values[surface] ?? [], base, compared).median, 2),
        ]);
  return Object.fromEntries([...shown, ...against].filter(([, value]) => Number.isFinite(value)));
}

/** @param {number} value @param {number} digits */
const rounded = (value, digits) => Number(value.toFixed(digits));

/** The major version of Node. @param {string} version such as v24.1.0 */
export const majorOf = (version) => Number(/\d+/.exec(version)?.[0]);

/**
 * Those of a major version of Node; of any when it is left out.
 * @param {number} [major]
 * @returns {Results}
 */
export function newestResults(major) {
  const newest = files().findLast((name) => major === undefined || name.endsWith(`-node${major}.json`));
  if (newest === undefined)
    throw new Error(`bench/results has nothing of Node ${major ?? 'any'}: npm run bench -- --save`);
  return JSON.parse(readFileSync(join(DIRECTORY, newest), 'utf8'));
}

function files() {
  return readdirSync(DIRECTORY)
    .filter((name) => name.endsWith('.json'))
    .sort();
}

/**
 * @param {import('./table.js').Section} section the whole table
 * @param {string} machine
 * @param {string} printed
 * @returns {Promise<string>} what to say of it
 */
export async function save({ figures }, machine, printed) {
  const date = new Date().toISOString().slice(0, 10);
  const commit = execFileSync('git', ['describe', '--always', '--dirty'], {
    cwd: DIRECTORY,
    encoding: 'utf8',
  });
  /** @type {Results} */
  const results = {
    date,
    node: process.version,
    machine,
    commit: commit.trim(),
    figures: Object.fromEntries(figures.map((figure) => [figure.id, mediansOf(figure)])),
  };
  const { format } = await import('prettier');
  const path = join(DIRECTORY, `${date}-node${majorOf(process.version)}`);
  mkdirSync(DIRECTORY, { recursive: true });
  writeFileSync(`${path}.json`, await format(JSON.stringify(results), { parser: 'json', printWidth: 110 }));
  writeFileSync(`${path}.md`, `# Benchmark, ${date}\n\n\`\`\`text\n${printed.trimEnd()}\n\`\`\`\n`);
  return `\nWritten to ${path}.json and .md. The README is to say:\n\n${speedParagraph(results)}\n`;
}

/**
 * CPU per call over the bare proxy's, now and then. Both surfaces.
 * @param {readonly import('./figures.js').Figure[]} figures
 * @param {Results} before
 * @returns {{ lines: string[], worse: boolean }}
 */
export function comparison(figures, before) {
  let worse = false;
  const lines = figures
    .filter(({ checked }) => checked)
    .flatMap((figure) =>
      SURFACES.flatMap((surface) => {
        const then = before.figures[figure.id]?.[`${surface}/proxy`];
        const now = mediansOf(figure)[`${surface}/proxy`];
        if (then === undefined || now === undefined) return [];
        const change = now / then - 1;
        const isWorse = change > TOLERANCE;
        worse ||= isWorse;
        const percent = `${change >= 0 ? '+' : ''}${(change * 100).toFixed(0)} %`;
        const verdict = isWorse ? `  worse by more than ${TOLERANCE * 100} %` : '';
        return [
          `  ${`${figure.table ?? figure.label}, ${surface} ÷ proxy`.padEnd(60)}  ${then.toFixed(2)} → ${now.toFixed(2)}  ${percent}${verdict}`,
        ];
      }),
    );
  return { lines, worse };
}

/**
 * @param {readonly import('./figures.js').Figure[]} figures
 * @param {Results} before
 * @returns {boolean} whether any is worse
 */
export function compareWithNewest(figures, before) {
  const { lines, worse } = comparison(figures, before);
  process.stdout.write(
    `\nBeside ${before.date}, ${before.commit}, Node ${before.node}:\n\n${lines.join('\n')}\n`,
  );
  return worse;
}

/** What the README says. @param {Results} results */
export function speedParagraph({ date, node, figures }) {
  const of = (/** @type {string} */ id, /** @type {string} */ what) =>
    (figures[id]?.[what] ?? NaN).toFixed(1);
  return [
    `- **Measured.** A paid call takes ${of('chat.cpu', 'native/proxy')} times the CPU of a bare proxy's,`,
    `a paced stream ${of('paced.cpu', 'native/proxy')} times,`,
    `and ${of('latency.chat', 'native-proxy')} ms more`,
    `([Node ${majorOf(node)}](bench/README.md), ${date}).`,
  ].join(' ');
}
