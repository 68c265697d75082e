// @ts-check
/** What each dialect of upstreams costs: the same calls and answers on every wire, through one gateway. */
import { dialectsCatalog } from '../support/catalog.js';
import { HERE, startChild } from '../support/children.js';
import { surfaceOf, targetOf } from '../support/columns.js';
import { startGateway } from '../support/gateway.js';
import { runPart } from '../support/part.js';
import { cpuOf } from '../support/processes.js';
import { chatCall, TOKENS } from '../support/wire.js';

const CONCURRENCY = 32;
const SPREAD_MS = 400;
const YARDSTICK = 'chat';
const DIALECTS = [YARDSTICK, 'responses', 'anthropic', 'google'];

/** @param {import('../support/settings.js').Settings} settings @returns {import('../support/part.js').LonePart} */
export function dialectsPart(settings) {
  const { rounds, callsMs, streams, frames, intervalMs } = settings;
  const send = async (
    /** @type {import('../support/measure.js').Bench} */ { load },
    /** @type {import('../support/columns.js').Column} */ column,
    /** @type {number} */ durationMs,
  ) => {
    const order = { target: targetOf(column), concurrency: CONCURRENCY, durationMs };
    const model = (/** @type {string} */ does) => `${does}-${column.name}`;
    const cpu = () => cpuOf(column.pids[0] ?? NaN);
    const marks = [cpu()];
    const whole = await load.ask('calls', { ...order, call: chatCall({ model: model('instant') }) });
    marks.push(cpu());
    const call = chatCall({ model: model('tokens'), stream: true });
    const fast = await load.ask('calls', { ...order, call, tokens: true });
    marks.push(cpu());
    const paced = await load.ask('streams', {
      target: targetOf(column),
      model: model('paced'),
      streams,
      spreadMs: SPREAD_MS,
      frames,
    });
    marks.push(cpu());
    const spent = (/** @type {number} */ index) => (marks[index + 1] ?? NaN) - (marks[index] ?? NaN);
    const failed = [whole, fast, paced].find(({ failures }) => failures.count > 0) ?? whole;
    return {
      whole: spent(0) / whole.calls,
      fast: spent(1) / fast.calls,
      frame: spent(2) / paced.frames,
      firstToken: paced.firstToken.p50,
      failures: failed.failures,
    };
  };
  const title = 'upstreams of each dialect, chat calls on the native surface';
  /** @type {import('../support/part.js').Part} */
  const part = {
    name: 'dialects',
    title,
    columns: (columns) => columns,
    comparisons: DIALECTS.slice(1).map((upper) => ({
      heading: `${upper} ÷ ${YARDSTICK}`,
      upper,
      lower: YARDSTICK,
      yardstick: true,
    })),
    rounds,
    // Each has code of its own to be compiled.
    warmUp: (bench, column) => send(bench, column, settings.compileMs / 3),
    run: (bench, column) => send(bench, column, callsMs),
    rows: [
      { id: 'whole', label: 'CPU µs per whole call', pick: ({ result }) => result.whole, compared: 'ratio' },
      {
        id: 'fast',
        label: `CPU µs per stream of ${TOKENS} tokens, as fast as they come`,
        pick: ({ result }) => result.fast,
        compared: 'ratio',
      },
      {
        id: 'frame',
        label: `CPU µs per frame, ${streams} streams of ${frames}, one each ${intervalMs} ms`,
        digits: 1,
        pick: ({ result }) => result.frame,
        compared: 'ratio',
      },
      {
        id: 'first',
        label: 'their first token p50, ms',
        digits: 1,
        pick: ({ result }) => result.firstToken / 1000,
      },
    ],
  };
  return {
    name: part.name,
    title,
    async runAlone(remainingMs) {
      const mock = startChild('mock-upstream', [String(frames), String(intervalMs)]);
      const load = startChild('load');
      const upstream = await mock.ask('start', {});
      const gateway = await startGateway({ checkout: HERE, upstream, catalog: dialectsCatalog(upstream) });
      const columns = DIALECTS.map((name) => surfaceOf(gateway, 'native', name));
      const outcome = await runPart(part, { columns, load, mock, upstream }, settings, remainingMs);
      await gateway.stop();
      return outcome;
    },
  };
}
