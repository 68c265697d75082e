// @ts-check
/** What the gateway costs, next to a bare proxy. How to read it: bench/README.md */
import { cpus } from 'node:os';
import { adminPart } from './parts/admin.js';
import { chatPart, responsesPart, streamPart, unstoredPart } from './parts/calls.js';
import { chainPart } from './parts/chain.js';
import { dialectsPart } from './parts/dialects.js';
import { disconnectsPart } from './parts/disconnects.js';
import { latencyPart } from './parts/latency.js';
import { ledgerKeysPart, ledgerPart } from './parts/ledger.js';
import { memoryPart } from './parts/memory.js';
import { openStreamsPart } from './parts/open-streams.js';
import { ratePart } from './parts/rate.js';
import { startPart } from './parts/start.js';
import { burstPart, pacedPart } from './parts/streams.js';
import { walletsPart } from './parts/wallets.js';
import { workersPart } from './parts/workers.js';
import { comparisonsOf, startColumns } from './support/columns.js';
import { runPart } from './support/part.js';
import { compareWithNewest, majorOf, newestResults, save } from './support/results.js';
import { readSettings, USAGE } from './support/settings.js';
import { table } from './support/table.js';

/** Those of the table first, in its order. */
const PARTS = [
  chatPart,
  responsesPart,
  latencyPart,
  streamPart,
  pacedPart,
  burstPart,
  ledgerPart,
  ledgerKeysPart,
  memoryPart,
  startPart,
  chainPart,
  unstoredPart,
  ratePart,
  disconnectsPart,
  dialectsPart,
  openStreamsPart,
  walletsPart,
  adminPart,
  workersPart,
];

/** No part begins so long after the time was up: it might not end before the run is broken off. */
const LATE_MS = 12_000;

/** @typedef {import('./support/part.js').Part | import('./support/part.js').LonePart} AnyPart */
/** @typedef {import('./support/settings.js').Settings} Settings */
/** @typedef {import('./support/part.js').Outcome} Outcome */

/** @param {AnyPart} part @returns {part is import('./support/part.js').LonePart} */
const isAlone = (part) => 'runAlone' in part;

/** @param {Settings} settings @returns {readonly AnyPart[]} */
function choose(settings) {
  const parts = PARTS.map((make) => /** @type {AnyPart} */ (make(settings)));
  const unknown = settings.names.filter((name) => parts.every((part) => part.name !== name));
  if (unknown.length > 0) {
    const known = parts.map(({ name, title }) => `  ${name.padEnd(14)} ${title}`);
    throw new Error(`There is no part ${unknown.join(', ')}. There are:\n\n${known.join('\n')}`);
  }
  if (settings.names.length > 0) return parts.filter(({ name }) => settings.names.includes(name));
  const has = (/** @type {AnyPart} */ part, /** @type {'table' | 'checked'} */ what) =>
    !isAlone(part) && part.rows.some((row) => row[what]);
  return parts.filter((part) => has(part, settings.compare ? 'checked' : 'table'));
}

/**
 * @param {readonly AnyPart[]} parts
 * @param {Settings} settings
 * @param {() => number} remainingMs
 * @returns {Promise<{ outcomes: Outcome[], notes: string[], complete: boolean }>}
 */
async function runAll(parts, settings, remainingMs) {
  const outcomes = [];
  const notes = [];
  const shared = parts.some((part) => !isAlone(part))
    ? await startColumns(settings, { direct: settings.names.length > 0 })
    : undefined;
  for (const part of parts) {
    process.stderr.write(`${part.title} …\n`);
    if (remainingMs() < -LATE_MS) {
      notes.push(`${part.title}: left out, the time was up.`);
      continue;
    }
    if (isAlone(part)) outcomes.push(await part.runAlone(remainingMs));
    else if (shared) outcomes.push(await runPart(part, shared.bench, settings, remainingMs));
  }
  await shared?.stop();
  return { outcomes, notes: [...(shared?.notes ?? []), ...notes], complete: notes.length === 0 };
}

/** One row per figure that counts. @param {readonly Outcome[]} outcomes */
function summary(outcomes) {
  const sections = outcomes.map(({ section }) => section);
  const columns = [...new Set(sections.flatMap((section) => section.columns))];
  const figures = sections.flatMap((section) => section.figures.filter(({ table: label }) => label));
  const section = { title: 'figure', columns, comparisons: comparisonsOf(columns), figures };
  return { section, text: table(section, (figure) => figure.table ?? figure.label) };
}

/** @param {Settings} settings */
async function main(settings) {
  const started = Date.now();
  const parts = choose(settings);
  const before = settings.compare ? newestResults(majorOf(process.version)) : undefined;
  setTimeout(() => {
    process.stderr.write(`Broken off after ${settings.hardLimitMs / 1000} s.\n`);
    process.exit(1);
  }, settings.hardLimitMs).unref();

  const { outcomes, notes, complete } = await runAll(
    parts,
    settings,
    () => settings.softLimitMs - (Date.now() - started),
  );
  const { section, text } = summary(outcomes);
  const shown =
    settings.names.length > 0 ? outcomes.map((outcome) => table(outcome.section)).join('\n\n') : text;
  const processors = cpus();
  const machine = `${processors.length} × ${processors[0]?.model ?? 'unknown processor'}`;
  const seconds = ((Date.now() - started) / 1000).toFixed(0);
  const disturbed = Math.max(...outcomes.map((outcome) => outcome.disturbed ?? 0));
  const all = [
    ...notes,
    ...outcomes.flatMap((outcome) => outcome.notes),
    ...(disturbed > 0
      ? [`Other programs took up to ${disturbed.toFixed(2)} cores. Repeat it on a quiet machine.`]
      : []),
    '"!": load generator or mock upstream used more than half a core in a run of this figure and may have limited it.',
  ];
  const head = `Node ${process.version}, ${machine}, ${seconds} s: medians of the rounds (lowest..highest)`;
  const printed = `${head}\n\n${shown}\n\n${all.map((note) => `- ${note}`).join('\n')}\n`;
  process.stdout.write(printed);
  const failed = !complete || outcomes.some((outcome) => outcome.failed);
  if (settings.save && !failed) process.stdout.write(await save(section, machine, printed));
  const worse = before !== undefined && compareWithNewest(section.figures, before);
  return failed || worse ? 1 : 0;
}

try {
  if (process.platform !== 'linux') throw new Error('The benchmark reads /proc and runs on Linux only.');
  const settings = readSettings(process.argv.slice(2));
  if (settings === undefined) process.stdout.write(`${USAGE}\n`);
  process.exitCode = settings === undefined ? 0 : await main(settings);
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
process.exit();
