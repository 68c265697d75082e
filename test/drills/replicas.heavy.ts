import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { chatAnswer, chatChunk, chatUsage, sse, usageChunk } from '../support/chat-wire.js';
import { expectSoundBooks } from '../support/books.js';
import { GatewayClient } from '../support/gateway-client.js';
import { fileFor } from '../support/gateway.js';
import { startScriptedUpstream, type Exchange, type ScriptedUpstream } from '../support/scripted-upstream.js';
import { createEmptyTestDatabase, type TestDatabase } from '../support/test-database.js';
import { until } from '../support/until.js';
import { DrillClient, KINDS, Sightings } from './clients.js';
import { missingPrograms } from './daemons.js';
import { Fleet } from './fleet.js';

const KILLS = Number(process.env['KILLS'] ?? 5);
const WORKERS = Number(process.env['WORKERS'] ?? 4);
const CLIENTS = Number(process.env['CLIENTS'] ?? 16);
const LEASE_MS = '6000';
/** The lease of a process that died, and the sweep after it. */
const SWEPT_WITHIN_MS = 60_000;
/** Compiles the project, and starts a process for each worker on a machine that may be busy. */
const START_MS = 300_000;
const WORDS = 12;
/** For some hundred calls; then it is spent. */
const POOR_BUDGET = '8000';

const missing = await missingPrograms('pgbouncer', 'haproxy');
if (missing.length > 0) {
  console.warn(
    `The drill of replicas is skipped: ${missing.join(' and ')} cannot be found. On Debian: apt install pgbouncer haproxy`,
  );
}
const drill = missing.length > 0 ? it.skip : it;

let upstream: ScriptedUpstream | undefined;
let database: TestDatabase;
let fleet: Fleet | undefined;
/** How often each request that is to run once was asked for. */
const askedOnce = new Map<string, number>();

beforeAll(async () => {
  if (missing.length > 0) return;
  upstream = await startScriptedUpstream();
  upstream.always(answer);
  database = await createEmptyTestDatabase();
  fleet = await Fleet.start({
    databaseUrl: database.url,
    workers: WORKERS,
    file: fileFor(upstream.url),
    environment: { LEASE_MS, BUDGET_WAIT_MS: '2000' },
  });
}, START_MS);
afterAll(async () => {
  await Fleet.endAll();
  if (upstream === undefined) return;
  await database.drop();
  await upstream.close();
}, START_MS);

/** Words at the pace of a quick model. */
async function answer(exchange: Exchange): Promise<void> {
  const [name] = /once-[\w-]+/.exec(exchange.request.text) ?? [];
  if (name !== undefined) askedOnce.set(name, (askedOnce.get(name) ?? 0) + 1);
  const usage = chatUsage(50, WORDS);
  await sleep(50 + Math.random() * 400);
  if (exchange.request.body['stream'] !== true) {
    return exchange.json(chatAnswer({ content: 'word '.repeat(WORDS) }, 'stop', { usage }));
  }
  for (let word = 0; word < WORDS; word += 1) {
    if (!(await exchange.send(sse(chatChunk({ role: 'assistant', content: 'word ' }))))) return;
    await sleep(10 + Math.random() * 40);
  }
  exchange.end(sse(chatChunk({}, 'stop'), usageChunk(usage), '[DONE]'));
}

/** What went wrong in the log, how often each; where the database is away, much does. */
function errorsIn(log: string): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const line of log.split('\n').filter((text) => /^\{"level":[56]0/.test(text))) {
    const { msg, err } = JSON.parse(line) as { msg: string; err?: { message: string } };
    const name = `${msg}: ${(err?.message ?? '').replaceAll(/[\d.]+:\d+/g, '…')}`;
    counts[name] = (counts[name] ?? 0) + 1;
  }
  return counts;
}

async function count(query: string): Promise<number> {
  const { rows } = await database.pool.query<{ count: number }>(
    `SELECT count(*)::int AS count FROM ${query}`,
  );
  return rows[0]!.count;
}

const OPEN = {
  holds: 'holds',
  responses: `responses WHERE status IN ('queued', 'in_progress')`,
  videos: `videos WHERE status NOT IN ('completed', 'failed', 'cancelled')`,
  records: 'idempotency_records WHERE finished_at IS NULL',
} as const;

async function whatIsOpen(): Promise<Record<string, number>> {
  const counts = await Promise.all(Object.values(OPEN).map(count));
  return Object.fromEntries(Object.keys(OPEN).map((name, index) => [name, counts[index] ?? 0]));
}

drill(
  `${KILLS} kills at random among two replicas of ${WORKERS} workers, behind HAProxy and on PgBouncer`,
  async () => {
    const whole = fleet!;
    const operator = new GatewayClient(`http://127.0.0.1:${whole.replicas[0].port}`);
    const rich = await operator.createKey({ account: 'rich', budget_limit: '1000000000' });
    const poor = await operator.createKey({ account: 'poor', budget_limit: POOR_BUDGET });
    const sightings = new Sightings();
    let isOver = false;
    const kinds = Object.keys(KINDS) as (keyof typeof KINDS)[];
    const clients = Array.from({ length: CLIENTS }, (_, index) => {
      const isPoor = index % 5 === 4;
      const client = new DrillClient({ url: whole.url, key: (isPoor ? poor : rich).key, sightings, isPoor });
      return client.run(kinds[index % kinds.length]!, () => isOver);
    });
    const beganMs = performance.now();
    try {
      for (let kill = 0; kill < KILLS; kill += 1) {
        await whole.whole();
        await sleep(500 + Math.random() * 1_500);
        await whole.strike();
      }
      await whole.whole();
      await sleep(1_000);
    } finally {
      isOver = true;
    }
    await Promise.all(clients);
    await until(
      async () => Object.values(await whatIsOpen()).every((open) => open === 0),
      SWEPT_WITHIN_MS,
    ).catch(async () => sightings.faults.push(`still open: ${JSON.stringify(await whatIsOpen())}`));
    const { calls, lost, faults, receipts } = sightings;
    const seconds = Math.round((performance.now() - beganMs) / 1_000);
    const errors = errorsIn(whole.replicas.map(({ log }) => log).join('\n'));
    const figures = { seconds, killed: whole.killed, calls, lost, receipts: receipts.size, errors };
    console.log(JSON.stringify(figures, null, 1));

    expect(faults).toEqual([]);
    const { rows } = await database.pool.query<{ id: string; final_amount: string }>(
      'SELECT id, final_amount FROM receipts WHERE id = ANY ($1)',
      [[...receipts.keys()]],
    );
    expect(new Map(rows.map(({ id, final_amount: amount }) => [id, amount]))).toEqual(receipts);
    expect([...askedOnce].filter(([, times]) => times > 1)).toEqual([]);
    await until(async () => (await count('gateway_processes')) === 2 * WORKERS, SWEPT_WITHIN_MS);
    await whole.end();
    expect(await count('gateway_processes')).toBe(0);
    await expectSoundBooks(database.pool);
  },
  120_000 + KILLS * 60_000,
);
