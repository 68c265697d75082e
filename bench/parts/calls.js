// @ts-check
/** Whole (non-streamed) calls: throughput, CPU per call, latency. */
import { figure, surroundings } from '../support/figures.js';
import { chatCall } from '../support/wire.js';

const CONCURRENCY = 32;

/** @typedef {{ calls: number, elapsedMicroseconds: number, latency: { p50: number, p99: number } }} Result */

/** @param {import('../support/settings.js').Settings} settings */
export function callsPart({ rounds, callsMs, warmUpMs, compileMs }) {
  const order = (/** @type {object} */ target, /** @type {number} */ durationMs) => ({
    target,
    call: chatCall({ model: 'instant' }),
    concurrency: CONCURRENCY,
    durationMs,
  });
  return {
    title: `non-streamed calls, ${CONCURRENCY} at a time`,
    rounds: rounds.calls,
    /** @type {import('../support/part.js').Work} */
    warmUp: ({ load }, target) => load.ask('calls', order(target, target.ledger ? compileMs : warmUpMs)),
    /** @type {import('../support/part.js').Work} */
    run: ({ load }, target) => load.ask('calls', order(target, callsMs)),
    /** @param {import('../support/figures.js').Samples<Result>} samples */
    rows: (samples) => [
      figure('calls/s', samples, ({ result }) => (result.calls * 1e6) / result.elapsedMicroseconds, {
        compared: true,
      }),
      figure('CPU µs per call', samples, ({ result, cost }) => cost.cpu / result.calls, { compared: true }),
      figure('PostgreSQL CPU µs per call', samples, ({ result, cost }) => cost.postgresCpu / result.calls),
      figure('latency p50, ms', samples, ({ result }) => result.latency.p50 / 1000, { digits: 2 }),
      figure('latency p99, ms', samples, ({ result }) => result.latency.p99 / 1000, { digits: 2 }),
      ...surroundings(samples),
    ],
  };
}
