import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { Pool } from 'pg';
import { startEmbeddedPostgres } from '../../src/storage/embedded-postgres/embedded-postgres.js';
import { expectSoundBooks } from '../support/books.js';
import { nextStalls } from '../support/chat-scripts.js';
import { chatChunk, chatUsage, sse, usageChunk } from '../support/chat-wire.js';
import { receiptIn } from '../support/gateway-client.js';
import {
  GatewayProcess,
  removeDirectory,
  scratchDirectory,
  testEnvironment,
} from '../support/gateway-process.js';
import { fileFor } from '../support/gateway.js';
import { openHolds, receipts } from '../support/ledger-state.js';
import { setForServer } from '../support/server-setting.js';
import { startScriptedUpstream, type ScriptedUpstream } from '../support/scripted-upstream.js';
import { until } from '../support/until.js';

/** Of a process; that of its lease comes on top. */
const MOST_CONNECTIONS = 20 + 1;
let upstream: ScriptedUpstream;
let directory: string;
let server: Awaited<ReturnType<typeof startEmbeddedPostgres>>;
let pool: Pool;

beforeAll(async () => {
  upstream = await startScriptedUpstream();
  directory = await scratchDirectory();
  const log = { info: () => undefined, warn: () => undefined };
  server = await startEmbeddedPostgres({ dataDir: join(directory, 'data'), log });
  pool = new Pool({ connectionString: server.url });
  // The server may end a connection while the pool closes it.
  pool.on('error', () => undefined);
});
afterAll(async () => {
  await GatewayProcess.endAll();
  await pool.end();
  await server.stop();
  await upstream.close();
  await removeDirectory(directory);
});

/** Commits wait for a standby of this name, as for one that hangs; for none, if it is empty. */
function demandStandby(name: string): Promise<void> {
  return setForServer(server.url, 'synchronous_standby_names', name);
}

async function waitingForStandby(): Promise<number> {
  const { rows } = await pool.query<{ count: number }>(
    `SELECT count(*)::int FROM pg_stat_activity WHERE wait_event = 'SyncRep'`,
  );
  return rows[0]?.count ?? 0;
}

it('a gateway whose commits wait for a standby that hangs shows nothing of them, and goes on afterwards', async () => {
  const gateway = await GatewayProcess.start({
    directory,
    environment: testEnvironment(server.url),
    file: fileFor(upstream.url),
  });
  const { key } = await gateway.client.createKey({ budget_limit: '1000000' });
  const stalled = nextStalls(upstream, chatChunk({ role: 'assistant', content: 'Once' }));
  const stream = await gateway.client.stream(key);
  const exchange = await stalled;
  await stream.shows('Once');
  await demandStandby('nobody');
  await until(async () => (await openHolds(pool)).length === 1);
  const asked = upstream.requests.length;
  exchange.end(sse(chatChunk({}, 'stop'), usageChunk(chatUsage(1_000, 500)), '[DONE]'));
  const answers = await Promise.all(Array.from({ length: 30 }, () => gateway.client.chat(key)));
  // One statement of each kind waits at a time, whatever number of calls wait for it.
  expect(await waitingForStandby()).toBeLessThanOrEqual(MOST_CONNECTIONS);
  for (const answer of answers)
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '5']);
  expect(upstream.requests).toHaveLength(asked);
  const frames = await stream.frames();
  expect(receiptIn(frames)).toBeUndefined();
  expect(frames.find(({ event }) => event === 'compose.error')?.data).toMatchObject({
    code: 'service_unavailable',
  });
  expect(await receipts(pool)).toEqual([]);

  await demandStandby('');
  await until(async () => (await gateway.client.chat(key)).status === 200);
  await until(async () => (await openHolds(pool)).length === 0);
  expect((await receipts(pool))[0]).toEqual({ finalAmount: 2_020, estimated: false });
  await expectSoundBooks(pool);
  await gateway.stop();
});
