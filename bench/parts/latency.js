// @ts-check
/** One call at a time: what a gateway adds to the bare proxy's time. */
import { all, targetOf } from '../support/columns.js';
import { chatCall, responseCall } from '../support/wire.js';

/** @param {import('../support/settings.js').Settings} settings @returns {import('../support/part.js').Part} */
export function latencyPart({ rounds, callsMs }) {
  /**
   * Both kinds of calls; nobody but gateways has Responses.
   * @param {import('../support/measure.js').Bench} bench
   * @param {import('../support/columns.js').Column} column
   * @param {number} durationMs
   */
  const send = async ({ load }, column, durationMs) => {
    const ask = (/** @type {import('../support/exchange.js').Call} */ call) =>
      load.ask('calls', { target: targetOf(column), call, concurrency: 1, durationMs });
    const chat = await ask(chatCall({ model: 'instant' }));
    const stored = column.gateway ? await ask(responseCall({ store: true })) : undefined;
    return { chat, stored, failures: chat.failures.count > 0 || !stored ? chat.failures : stored.failures };
  };
  /** @type {(kind: 'chat' | 'stored', share: 'p50' | 'p99') => import('../support/figures.js').Row['pick']} */
  const milliseconds =
    (kind, share) =>
    ({ result }) =>
      (result[kind]?.latency[share] ?? NaN) / 1000;
  return {
    name: 'latency',
    title: 'whole calls, one at a time',
    columns: all,
    rounds,
    warmUp: send,
    run: (bench, column) => send(bench, column, callsMs / 2),
    rows: [
      {
        id: 'chat',
        label: 'chat p50, ms',
        table: 'one call at a time, p50, ms (added)',
        digits: 2,
        pick: milliseconds('chat', 'p50'),
        compared: 'difference',
      },
      { id: 'chat-p99', label: 'chat p99, ms', digits: 2, pick: milliseconds('chat', 'p99') },
      {
        id: 'stored',
        label: 'stored Responses p50, ms (added to the chat call)',
        table: 'one stored Response at a time, p50, ms (added)',
        digits: 2,
        pick: milliseconds('stored', 'p50'),
        compared: 'difference',
        base: ({ result }) => result.chat.latency.p50 / 1000,
      },
      { id: 'stored-p99', label: 'stored Responses p99, ms', digits: 2, pick: milliseconds('stored', 'p99') },
    ],
  };
}
