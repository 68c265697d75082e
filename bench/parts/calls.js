// @ts-check
/** Calls in a closed loop: throughput, CPU per call, latency. Whole chat calls, whole Responses, streams as fast as they come. */
import { all, targetOf, withResponses } from '../support/columns.js';
import { SURROUNDINGS } from '../support/figures.js';
import { chatCall, responseCall, TOKENS } from '../support/wire.js';

const CONCURRENCY = 32;

/**
 * @typedef {object} Kind
 * @property {string} name
 * @property {string} title
 * @property {string} what one of them is called in the table
 * @property {import('../support/exchange.js').Call} call
 * @property {boolean} [gatewaysOwn] the yardstick's calls are whole chat calls instead, which carry the same text
 * @property {boolean} [tokens] it is a stream
 * @property {boolean} [hidden] from the table
 * @property {boolean} [rate] whether its calls per second are in the table
 */

const WHOLE = chatCall({ model: 'instant' });

/** @param {Kind} kind */
function callsPart({
  name,
  title,
  what,
  call,
  gatewaysOwn = false,
  tokens = false,
  hidden = false,
  rate = false,
}) {
  const inTable = (/** @type {string} */ label, shown = true) => (shown && !hidden ? { table: label } : {});
  /** @param {import('../support/settings.js').Settings} settings @returns {import('../support/part.js').Part} */
  return ({ rounds, callsMs }) => {
    const send = (
      /** @type {import('../support/measure.js').Bench} */ { load },
      /** @type {import('../support/columns.js').Column} */ column,
      /** @type {number} */ durationMs,
    ) =>
      load.ask('calls', {
        target: targetOf(column),
        call: gatewaysOwn && column.gateway === undefined ? WHOLE : call,
        concurrency: CONCURRENCY,
        durationMs,
        tokens,
      });
    return {
      name,
      title: `${title}, ${CONCURRENCY} at a time`,
      columns: gatewaysOwn ? withResponses : all,
      rounds,
      warmUp: send,
      run: (bench, column) => send(bench, column, callsMs),
      rows: [
        {
          id: 'cpu',
          label: 'CPU µs per call',
          ...inTable(`${what}, CPU µs`),
          pick: ({ result, cost }) => cost.cpu / result.calls,
          compared: 'ratio',
          checked: !hidden,
        },
        {
          id: 'postgres',
          label: 'PostgreSQL CPU µs per call, ÷ proxy’s CPU',
          ...inTable(`${what}, PostgreSQL CPU µs (÷ proxy's CPU)`),
          pick: ({ result, cost }) => cost.postgresCpu / result.calls,
          compared: 'ratio',
          base: ({ result, cost }) => cost.cpu / result.calls,
        },
        {
          id: 'rate',
          label: 'calls/s',
          ...inTable(`${what}s a second, ${CONCURRENCY} callers`, rate),
          pick: ({ result }) => (result.calls * 1e6) / result.elapsedMicroseconds,
          compared: 'ratio',
        },
        {
          id: 'p50',
          label: 'latency p50, ms',
          digits: 2,
          pick: ({ result }) => result.latency.p50 / 1000,
        },
        {
          id: 'p99',
          label: 'latency p99, ms',
          digits: 2,
          pick: ({ result }) => result.latency.p99 / 1000,
        },
        ...SURROUNDINGS,
      ],
    };
  };
}

export const chatPart = callsPart({
  name: 'chat',
  title: 'whole chat calls',
  what: 'whole call',
  call: WHOLE,
  rate: true,
});

export const responsesPart = callsPart({
  name: 'responses',
  title: 'whole Responses, stored',
  what: 'Responses, stored',
  call: responseCall({ store: true }),
  gatewaysOwn: true,
});

export const unstoredPart = callsPart({
  name: 'unstored',
  title: 'whole Responses, store: false',
  what: 'Responses, not stored',
  call: responseCall({ store: false }),
  gatewaysOwn: true,
  hidden: true,
});

export const streamPart = callsPart({
  name: 'stream',
  title: `streams of ${TOKENS} tokens, as fast as they come`,
  what: `stream of ${TOKENS} tokens`,
  call: chatCall({ model: 'tokens', stream: true }),
  tokens: true,
});
