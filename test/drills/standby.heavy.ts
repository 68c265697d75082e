import { createServer, type AddressInfo } from 'node:net';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Pool } from 'pg';
import { expectSoundBooks } from '../support/books.js';
import {
  removeDirectory,
  scratchDirectory,
  testEnvironment,
  GatewayProcess,
  type ProcessOptions,
} from '../support/gateway-process.js';
import { fileFor, type CreatedKey } from '../support/gateway.js';
import { ResponsesClient } from '../support/responses-client.js';
import { until } from '../support/until.js';
import { FailoverClient, Seen } from './failover-clients.js';
import { PostgresServer, postgresPrograms } from './postgres-server.js';
import { AT_ONCE, TalkingUpstream } from './talking-upstream.js';

const FAILOVERS = Number(process.env['FAILOVERS'] ?? 2);
const CLIENTS = Number(process.env['CLIENTS'] ?? 12);
/** Calls run for so long before each failover. */
const CALM_MS = 3_000;
/**
 * How a primary goes, in turn: for how long its standby hangs before, so that commits wait which the standby never gets,
 * and how long it takes until somebody notices.
 */
const ENDS = [
  { hungMs: 0, outageMs: 8_000 },
  { hungMs: 4_000, outageMs: 0 },
  { hungMs: 0, outageMs: 20_000 },
  { hungMs: 15_000, outageMs: 2_000 },
] as const;
/** The project is compiled, and a database made and copied. */
const STARTED_WITHIN_MS = 300_000;
/** Replicas that are back are back so soon after a promotion. */
const BACK_WITHIN_MS = 30_000;
/** Leases that ended, and the sweeps after them. */
const SWEPT_WITHIN_MS = 120_000;
const programs = postgresPrograms();
if (!programs) {
  process.stderr.write(
    'SKIPPED: the drill of a standby needs the server programs of PostgreSQL. Name their directory in POSTGRES_BIN.\n',
  );
}

(programs ? describe : describe.skip)('a primary of PostgreSQL with a synchronous standby', () => {
  let directory: string;
  let upstream: TalkingUpstream;
  let primary: PostgresServer;
  let standby: PostgresServer;
  let options: ProcessOptions;
  let replicas: readonly GatewayProcess[];

  beforeAll(async () => {
    directory = await scratchDirectory();
    upstream = await TalkingUpstream.start();
    const [a, b] = await freePorts(2);
    primary = new PostgresServer(programs!, join(directory, 'a'), a!);
    standby = new PostgresServer(programs!, join(directory, 'b'), b!);
    await primary.initialise();
    await primary.start();
    await standby.follow(primary);
    await standby.start();
    await primary.demandStandby();
    const url = `postgresql://postgres@127.0.0.1:${a},127.0.0.1:${b}/postgres?target_session_attrs=read-write`;
    options = { directory, environment: testEnvironment(url), file: fileFor(upstream.url) };
    replicas = [await GatewayProcess.start(options), await GatewayProcess.start(options)];
  }, STARTED_WITHIN_MS);
  afterAll(async () => {
    await GatewayProcess.endAll();
    await primary.kill();
    await standby.kill();
    await upstream.goDown();
    await removeDirectory(directory);
  });

  /** @returns milliseconds since the primary was killed: until the standby was promoted, and until each replica worked */
  async function failOver(
    key: CreatedKey,
    { hungMs, outageMs }: (typeof ENDS)[number],
  ): Promise<{ promotedMs: number; backMs: readonly number[] }> {
    if (hungMs > 0) standby.freeze();
    await sleep(hungMs);
    const killedMs = performance.now();
    const since = (): number => Math.round(performance.now() - killedMs);
    await primary.kill();
    standby.thaw();
    await sleep(outageMs);
    await standby.promote();
    await standby.demandNone();
    const promotedMs = since();
    [primary, standby] = [standby, primary];
    const backMs = await Promise.all(replicas.map((replica) => backAfter(replica, key).then(since)));
    return { promotedMs, backMs };
  }

  async function backAfter(replica: GatewayProcess, { key }: CreatedKey): Promise<void> {
    const quick = { messages: [{ role: 'user', content: AT_ONCE }] };
    await until(async () => (await replica.client.chat(key, quick)).status === 200, BACK_WITHIN_MS);
    const client = new ResponsesClient(replica.url, key, '/v1');
    const { id } = await client.created({ background: true, input: AT_ONCE });
    await until(async () => (await client.found(id)).status === 'completed', BACK_WITHIN_MS);
  }

  async function count(what: string): Promise<number> {
    return (await primary.query<{ count: number }>(`SELECT count(*)::int FROM ${what}`))[0]!.count;
  }

  it(
    `is killed and replaced by it ${FAILOVERS} times, under ${CLIENTS} clients`,
    async () => {
      const { client } = replicas[0]!;
      const keys = await Promise.all([
        client.createKey({ budget_limit: '1000000000' }),
        client.createKey({ budget_limit: '1000000000', account: 'other' }),
        client.createKey({ budget_limit: '20000', account: 'poor' }),
      ]);
      const seen = new Seen();
      let isOver = false;
      const urls = replicas.map(({ url }) => url);
      const clients = Array.from({ length: CLIENTS }, (_, index) =>
        new FailoverClient(keys[index % keys.length]!.key, urls, seen).run(() => isOver),
      );
      const lines: string[] = [];
      try {
        for (let done = 0; done < FAILOVERS; done += 1) {
          await sleep(CALM_MS);
          const { promotedMs, backMs } = await failOver(keys[0], ENDS[done % ENDS.length]!);
          lines.push(
            `${done + 1}: promoted after ${promotedMs} ms, replicas back after ${backMs.join(' and ')} ms`,
          );
          for (const ms of backMs) expect(ms - promotedMs).toBeLessThan(BACK_WITHIN_MS);
          await until(
            async () => (await count('gateway_processes WHERE lease_expires_at > now()')) === replicas.length,
            BACK_WITHIN_MS,
          );
          await standby.follow(primary);
          await standby.start();
          await primary.demandStandby();
        }
        await sleep(CALM_MS);
      } finally {
        isOver = true;
        await Promise.all(clients);
        const books = `receipts in the books: ${await count('receipts')}, estimated: ${await count('receipts WHERE estimated')}`;
        console.log([...lines, figures(seen), books].join('\n'));
      }
      await until(async () => (await count('holds')) === 0, SWEPT_WITHIN_MS);
      await until(async () => (await count('responses WHERE finished_at IS NULL')) === 0, SWEPT_WITHIN_MS);

      expect(seen.faults).toEqual([]);
      const pool = new Pool({ connectionString: primary.url });
      try {
        await expectSoundBooks(pool);
        const shown = [[...seen.paid.keys()]];
        const { rows } = await pool.query<{ id: string; final_amount: string }>(
          'SELECT id, final_amount FROM receipts WHERE id = ANY ($1)',
          shown,
        );
        expect(new Map(rows.map((row) => [row.id, row.final_amount]))).toEqual(seen.paid);
        const kept = await pool.query<{ id: string }>(
          `SELECT id FROM responses WHERE id = ANY ($1) AND status = 'completed'`,
          [[...seen.completed]],
        );
        expect(kept.rows.map(({ id }) => id).sort()).toEqual([...seen.completed].sort());
        const taken = await pool.query('SELECT FROM responses WHERE id = ANY ($1)', [[...seen.accepted]]);
        expect(taken.rowCount).toBe(seen.accepted.size);
      } finally {
        await pool.end();
      }
      // What runs has a hold, so it has a receipt in the end; a call that was cut off may have been asked for twice.
      expect(await count('receipts')).toBeLessThanOrEqual(upstream.asked);
      const fresh = await GatewayProcess.start(options);
      for (const replica of [...replicas, fresh]) await backAfter(replica, keys[0]);
    },
    FAILOVERS * 60_000 + 300_000,
  );

  function figures({ whole, failed, paid, completed, accepted }: Seen): string {
    const counts = { receipts: paid.size, responses: completed.size, background: accepted.size };
    return `${JSON.stringify({ ...counts, asked: upstream.asked })}\nwhole ${JSON.stringify(whole)}\nfailed ${JSON.stringify(failed)}`;
  }
});

/** Free at the moment. */
async function freePorts(count: number): Promise<readonly number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, '127.0.0.1'));
  await Promise.all(servers.map((server) => once(server, 'listening')));
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  await Promise.all(servers.map((server) => once(server.close(), 'close')));
  return ports;
}
