// @ts-check
/** From `node dist/main.js` to readiness, on a database that was made before. */
import { builds } from '../support/columns.js';
import { startGateway } from '../support/gateway.js';

/** @param {import('../support/settings.js').Settings} settings @returns {import('../support/part.js').Part} */
export function startPart({ startRounds }) {
  /** @type {Map<string, import('../support/gateway.js').Gateway>} */
  const gateways = new Map();
  const of = (/** @type {import('../support/columns.js').Column} */ { name }) =>
    /** @type {import('../support/gateway.js').Gateway} */ (gateways.get(name));
  return {
    name: 'start',
    title: 'from `node dist/main.js` to ready, database made before',
    columns: builds,
    rounds: startRounds,
    warmUp: async ({ upstream }, column) => {
      const checkout = column.gateway?.checkout ?? '';
      gateways.set(column.name, await startGateway({ checkout, upstream }));
    },
    run: async (_, column) => {
      const gateway = of(column);
      await gateway.stop();
      const whole = await gateway.start();
      await gateway.crash();
      const adopting = await gateway.start();
      return { whole, adopting, failures: { count: 0, first: '' } };
    },
    rows: [
      {
        id: 'ready',
        label: 'with its PostgreSQL, s',
        table: 'from node dist/main.js to ready, s',
        digits: 2,
        pick: ({ result }) => result.whole / 1000,
      },
      {
        id: 'adopting',
        label: 'while its PostgreSQL still runs (after kill -9), s',
        digits: 2,
        pick: ({ result }) => result.adopting / 1000,
      },
    ],
  };
}
