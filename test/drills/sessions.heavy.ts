import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { expectSoundBooks } from '../support/books.js';
import {
  GatewayProcess,
  removeDirectory,
  scratchDirectory,
  testEnvironment,
  type ProcessOptions,
} from '../support/gateway-process.js';
import { fileFor } from '../support/gateway.js';
import { createTestDatabase, type TestDatabase } from '../support/test-database.js';
import { until } from '../support/until.js';
import { AgentSession, Tally, type Place } from './agent-session.js';
import { AgentUpstream } from './agent-upstream.js';
import { heapInUse, median, MemoryLog } from './memory-log.js';

const SESSIONS = Number(process.env['SESSIONS'] ?? 50);
const MINUTES = Number(process.env['MINUTES'] ?? 2);
const KILL_EVERY_S = Number(process.env['KILL_SECONDS'] ?? 20);
const KEYS = 5;
const SAMPLE_MS = 2_000;
/** The lease of a process that died, and the sweep after it. */
const SWEPT_WITHIN_MS = 120_000;
/** What a start, the last questions and the sweep of the last dead process take at most. */
const BESIDES_MS = 240_000;
/** How much more of the heap may be in use at the end than at most in the first half. */
const MOST_GROWTH = 1.3;

/** One of two replicas, at the same place whatever process runs there. */
class Replica implements Place {
  deaths = 0;
  isUp = false;
  process: GatewayProcess | undefined;

  constructor(private readonly options: ProcessOptions) {}

  get url(): string {
    return this.process?.url ?? '';
  }

  get pid(): number | undefined {
    return this.isUp ? this.process?.pid : undefined;
  }

  async start(): Promise<void> {
    this.process = await GatewayProcess.start(this.options);
    this.isUp = true;
  }

  async kill(): Promise<void> {
    this.isUp = false;
    this.deaths += 1;
    await this.process?.kill();
  }
}

let upstream: AgentUpstream;
let database: TestDatabase;
let directory: string;
let replicas: readonly [Replica, Replica];

beforeAll(async () => {
  upstream = await AgentUpstream.start();
  database = await createTestDatabase();
  directory = await scratchDirectory();
  const environment = testEnvironment(database.url, { BUDGET_WAIT_MS: '30000' });
  const claude = { id: 'claude-sonnet-5-5', context_window: 200_000, max_output_tokens: 32_000 };
  const provider = { type: 'anthropic', base_url: new URL(upstream.url).origin };
  const file = fileFor(upstream.url, { provider, model: claude });
  // Tells how much of the heap is in use after each collection.
  const options = { directory, environment, file, nodeOptions: ['--trace-gc'] };
  replicas = [new Replica(options), new Replica(options)];
  for (const replica of replicas) await replica.start();
});
afterAll(async () => {
  await GatewayProcess.endAll();
  await database.drop();
  await upstream.goDown();
  await removeDirectory(directory);
});

async function killAgainAndAgain(replica: Replica, isOver: () => boolean): Promise<void> {
  for (;;) {
    const nextMs = performance.now() + KILL_EVERY_S * 1_000;
    while (performance.now() < nextMs) {
      if (isOver()) return;
      await sleep(100);
    }
    await replica.kill();
    await replica.start();
  }
}

async function one<Row extends object>(query: string): Promise<Row> {
  const { rows } = await database.pool.query<Row>(query);
  return rows[0]!;
}

it(
  `${SESSIONS} sessions of agents for ${MINUTES} minutes, on two replicas of which one dies every ${KILL_EVERY_S} s`,
  async () => {
    const [lasting, dying] = replicas;
    const keys = await Promise.all(
      Array.from({ length: KEYS }, () => lasting.process!.client.createKey({ budget_limit: '1000000000' })),
    );
    const tally = new Tally();
    const memory = new MemoryLog();
    const sampling = setInterval(() => memory.sample(replicas.map(({ pid }) => pid)), SAMPLE_MS);
    const endsAtMs = performance.now() + MINUTES * 60_000;
    const isOver = (): boolean => performance.now() > endsAtMs;
    const sessions = Array.from({ length: SESSIONS }, (_, index) => {
      const places = index % 2 === 0 ? [lasting, dying] : [dying, lasting];
      return new AgentSession(keys[index % KEYS]!.key, places, tally).run(isOver);
    });
    await Promise.all([...sessions, killAgainAndAgain(dying, isOver)]).finally(() => clearInterval(sampling));
    const open = () => one<{ count: number }>('SELECT count(*)::int FROM holds');
    await until(async () => (await open()).count === 0, SWEPT_WITHIN_MS);

    const books = await one<{ receipts: number; spent: string; estimated: number; sessions: number }>(
      `SELECT count(*)::int AS receipts, sum(final_amount)::text AS spent, count(DISTINCT session_id)::int AS sessions,
              count(*) FILTER (WHERE estimated)::int AS estimated FROM receipts`,
    );
    const { turns, moved, broken, faults, paid, seconds } = tally;
    const heap = heapInUse(lasting.process!.stdout);
    const { asked, answered, complaints } = upstream;
    const figures = { turns, moved, broken, deaths: dying.deaths, asked, answered, ...books };
    console.log(
      `${JSON.stringify(figures)}\nCalls by their seconds: ${Object.entries(seconds).join(' ')}\nMB of memory\n${memory.lines(['lasts', 'dies'])}\nMB in use after collections: ${heap.join(' ')}`,
    );
    await expectSoundBooks(database.pool);
    expect({ faults, complaints }).toEqual({ faults: [], complaints: [] });
    expect(dying.deaths).toBeGreaterThan(0);
    expect(books.sessions).toBe(SESSIONS);
    // Who was shown a receipt paid exactly that; the others are of streams that broke.
    const { rows } = await database.pool.query<{ id: string; final_amount: string }>(
      'SELECT id, final_amount FROM receipts WHERE id = ANY ($1)',
      [[...paid.keys()]],
    );
    expect(new Map(rows.map((row) => [row.id, row.final_amount]))).toEqual(paid);
    expect(paid.size).toBe(turns);
    expect(books.receipts).toBeLessThanOrEqual(asked);
    expect(books.receipts - turns).toBeLessThanOrEqual(broken + moved);
    const [earlier, late] = [heap.slice(0, heap.length / 2), heap.slice(-heap.length / 4)];
    expect(median(late)).toBeLessThan(MOST_GROWTH * Math.max(...earlier));
  },
  MINUTES * 60_000 + BESIDES_MS,
);
