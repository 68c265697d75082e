// @ts-check
/** Whole Responses, as the whole chat calls: what the Responses API costs, and what it costs to keep them. */
import { figure, surroundings } from '../support/figures.js';
import { responseCall } from '../support/wire.js';

const CONCURRENCY = 32;

/** @typedef {{ calls: number, elapsedMicroseconds: number, latency: { p50: number, p99: number } }} Result */

/**
 * @param {import('../support/settings.js').Settings} settings
 * @param {boolean} store
 */
function responsesPart({ rounds, callsMs, warmUpMs, compileMs }, store) {
  const order = (/** @type {object} */ target, /** @type {number} */ durationMs) => ({
    target,
    call: responseCall({ store }),
    concurrency: CONCURRENCY,
    durationMs,
  });
  return {
    title: `non-streamed Responses, store: ${store}, ${CONCURRENCY} at a time`,
    rounds: rounds.responses,
    gatewaysOnly: true,
    /** @type {import('../support/part.js').Work} */
    // Half of it is warm from the chat calls.
    warmUp: ({ load }, target) => load.ask('calls', order(target, Math.max(warmUpMs, compileMs / 2))),
    /** @type {import('../support/part.js').Work} */
    run: ({ load }, target) => load.ask('calls', order(target, callsMs)),
    /** @param {import('../support/figures.js').Samples<Result>} samples */
    rows: (samples) => [
      figure('calls/s', samples, ({ result }) => (result.calls * 1e6) / result.elapsedMicroseconds),
      figure('CPU µs per call', samples, ({ result, cost }) => cost.cpu / result.calls),
      figure('PostgreSQL CPU µs per call', samples, ({ result, cost }) => cost.postgresCpu / result.calls),
      figure('latency p50, ms', samples, ({ result }) => result.latency.p50 / 1000, { digits: 2 }),
      figure('latency p99, ms', samples, ({ result }) => result.latency.p99 / 1000, { digits: 2 }),
      ...surroundings(samples),
    ],
  };
}

/** @param {import('../support/settings.js').Settings} settings */
export const storedResponsesPart = (settings) => responsesPart(settings, true);

/** @param {import('../support/settings.js').Settings} settings */
export const unstoredResponsesPart = (settings) => responsesPart(settings, false);
