// @ts-check
/** What the gateway costs, next to a bare proxy and to no proxy at all. How to read it: bench/README.md */
import { cpus } from 'node:os';
import { callsPart } from './parts/calls.js';
import { chainPart } from './parts/chain.js';
import { disconnectsPart } from './parts/disconnects.js';
import { ledgerPart } from './parts/ledger.js';
import { pacedCallsPart } from './parts/paced-calls.js';
import { storedResponsesPart, unstoredResponsesPart } from './parts/responses.js';
import { streamsPart } from './parts/streams.js';
import { canPay, walletsPart } from './parts/wallets.js';
import { HERE, startChild } from './support/children.js';
import { isBuilt, startGateway } from './support/gateway.js';
import { memoryOf } from './support/processes.js';
import { readSettings, USAGE } from './support/settings.js';
import { runPart } from './support/part.js';
import { table } from './support/table.js';

const BASE = '/v1';

const PARTS = [
  callsPart,
  unstoredResponsesPart,
  storedResponsesPart,
  pacedCallsPart,
  streamsPart,
  disconnectsPart,
  ledgerPart(1),
  ledgerPart(1000),
  chainPart,
  ...(canPay ? [walletsPart] : []),
];

/** @param {import('./support/settings.js').Settings} settings */
async function startAll({ frames, intervalMs, surface, beside }) {
  const mock = startChild('mock-upstream', [String(frames), String(intervalMs)]);
  const load = startChild('load');
  const upstream = await mock.ask('start');
  const proxy = startChild('bare-proxy', [upstream]);
  const headers = { authorization: 'Bearer bench' };
  const yardsticks = [
    { name: 'direct', origin: upstream, base: BASE, headers, pid: mock.pid },
    { name: 'proxy', origin: await proxy.ask('start'), base: BASE, headers, pid: proxy.pid },
  ];
  if (!isBuilt(HERE)) {
    const notes = ['dist/main.js is missing, so there is no gateway in this table: npm run build'];
    return { bench: { targets: yardsticks, load, mock }, notes, stop: async () => {} };
  }
  const gateways = [await startGateway({ name: 'gateway', checkout: HERE, upstream, surface })];
  if (beside) gateways.push(await startGateway({ name: 'beside', checkout: beside, upstream, surface }));
  const bench = { targets: [...yardsticks, ...gateways.map(({ target }) => target)], load, mock };
  const stop = async () => {
    for (const gateway of gateways) await gateway.stop();
  };
  return { bench, notes: gateways.flatMap(({ notes }) => notes), stop };
}

/** @param {import('./support/settings.js').Settings} settings */
async function main(settings) {
  const started = Date.now();
  setTimeout(() => {
    process.stderr.write(`Broken off after ${settings.hardLimitMs / 1000} s.\n`);
    process.exit(1);
  }, settings.hardLimitMs).unref();
  const remainingMs = () => settings.softLimitMs - (Date.now() - started);

  const { bench, notes, stop } = await startAll(settings);
  if (!canPay) notes.push('There is no anvil for this platform, so no call is paid by a wallet.');
  const sections = [];
  let failed = false;
  const parts = PARTS.map((make) => make(settings)).filter(({ title }) => title.includes(settings.only));
  if (parts.length === 0) throw new Error(`--only ${settings.only}: no part has that in its title`);
  for (const part of parts) {
    process.stderr.write(`${part.title} …\n`);
    const outcome = await runPart(part, bench, remainingMs);
    sections.push(outcome.section);
    notes.push(...outcome.notes);
    failed ||= outcome.failed;
  }
  notes.push(
    `Memory (RSS) of the helpers at the end: load generator ${memoryOf(bench.load.pid).toFixed(0)} MB, mock upstream ${memoryOf(bench.mock.pid).toFixed(0)} MB.`,
    '"!": load generator or mock upstream used more than half a core in a run of this figure and may have limited it.',
  );
  await stop();

  const processors = cpus();
  const machine = `Node ${process.version}, ${processors.length} × ${processors[0]?.model ?? 'unknown processor'}`;
  const seconds = ((Date.now() - started) / 1000).toFixed(0);
  process.stdout.write(
    `${machine}, ${settings.surface} surface, medians over the rounds, ${seconds} s\n\n${table(sections)}\n\n${notes.map((note) => `- ${note}`).join('\n')}\n`,
  );
  return failed ? 1 : 0;
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
