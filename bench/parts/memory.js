// @ts-check
/** Memory of a gateway's process: before anybody has called, and the most under load of all kinds. */
import { builds, targetOf } from '../support/columns.js';
import { memoryOf } from '../support/processes.js';
import { chatCall, responseCall } from '../support/wire.js';

const CONCURRENCY = 32;
const LOOK_MS = 250;

/** @param {import('../support/settings.js').Settings} settings @returns {import('../support/part.js').Part} */
export function memoryPart({ callsMs, streams, frames }) {
  return {
    name: 'memory',
    title: 'memory of the gateway (Pss)',
    columns: builds,
    rounds: 1,
    warmUp: () => Promise.resolve(),
    run: async ({ load }, column) => {
      const target = targetOf(column);
      const [pid = NaN] = column.pids;
      let most = 0;
      const look = () => {
        most = Math.max(most, memoryOf(pid));
      };
      const timer = setInterval(look, LOOK_MS);
      const calls = (/** @type {import('../support/exchange.js').Call} */ call, tokens = false) =>
        load.ask('calls', { target, call, concurrency: CONCURRENCY, durationMs: 2 * callsMs, tokens });
      const results = [
        await calls(chatCall({ model: 'instant' })),
        await calls(responseCall({ store: true })),
        await calls(chatCall({ model: 'tokens', stream: true }), true),
        await load.ask('streams', { target, streams, spreadMs: 0, frames }),
      ];
      clearInterval(timer);
      look();
      const failed = results.find(({ failures }) => failures.count > 0);
      return { idle: column.gateway?.idleMemory, most, failures: (failed ?? results[0]).failures };
    },
    rows: [
      { id: 'idle', label: 'idle, MB', table: 'memory idle, MB (Pss)', pick: ({ result }) => result.idle },
      {
        id: 'load',
        label: 'under load, MB',
        table: 'memory under load, MB (Pss)',
        pick: ({ result }) => result.most,
      },
    ],
  };
}
