// @ts-check
/** Makes the directory of a gateway whose database is full. How to use it: bench/README.md */
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { HERE } from './support/children.js';
import { fill, sumUp, withClient } from './support/filling.js';
import { startGateway } from './support/gateway.js';

const USAGE = `Usage: node bench/fill.js DIR [--receipts N] [--responses N]

  DIR             a directory that does not exist yet
  --receipts N    paid calls in it (default: 10000000)
  --responses N   how many of them are stored, each with two items (default: as many)`;

/** @param {string} name @param {() => Promise<unknown>} work */
async function told(name, work) {
  const startedAt = performance.now();
  await work();
  process.stdout.write(`${name}: ${((performance.now() - startedAt) / 1000).toFixed(0)} s\n`);
}

const SIZES = `
  SELECT relname AS table, pg_size_pretty(pg_table_size(oid)) AS rows, pg_size_pretty(pg_indexes_size(oid)) AS indexes
  FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace ORDER BY pg_total_relation_size(oid) DESC LIMIT 6`;

/** @param {string} directory @param {import('./support/filling.js').Size} size */
async function main(directory, size) {
  const gateway = await startGateway({ checkout: HERE, upstream: 'http://127.0.0.1:9', directory });
  await withClient(gateway.databaseUrl, async (client) => {
    await told('rows and indexes', () => fill(client, size));
    await told('usage summed up', () => sumUp(client));
    console.table((await client.query(SIZES)).rows);
  });
  await gateway.stop();
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { receipts: { type: 'string', default: '10000000' }, responses: { type: 'string' } },
});
const [directory] = positionals;
const receipts = Number(values.receipts);
const responses = Number(values.responses ?? values.receipts);
if (directory === undefined || !(receipts > 0 && responses > 0 && responses <= receipts)) {
  process.stderr.write(`${USAGE}\n`);
  process.exitCode = 2;
} else await main(resolve(directory), { receipts, responses });
process.exit();
