import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Pool } from 'pg';
import { expectSoundBooks } from '../support/books.js';
import { chatChunk, chatUsage, sse, usageChunk } from '../support/chat-wire.js';
import { CutProxy } from '../support/cut-proxy.js';
import { receiptIn, type GatewayClient, type OpenStream } from '../support/gateway-client.js';
import { GatewayProcess } from '../support/gateway-process.js';
import { endLeasesOfHolders, GatewayProcesses } from '../support/gateway-processes.js';
import { ADMIN_TOKEN, fileFor } from '../support/gateway.js';
import { openHolds, overruns, receipts, spentBy } from '../support/ledger-state.js';
import { startScriptedUpstream, type Exchange, type ScriptedUpstream } from '../support/scripted-upstream.js';
import { until } from '../support/until.js';

/** No process loses it by itself, on a busy machine either. Where they can, tests end it when its owner is dead. */
const LEASE_MS = 12_000;
/** 400 characters: 100 tokens, roughly. */
const SPOKEN = chatChunk({ role: 'assistant', content: 'word '.repeat(80) });
/** 7 input tokens, roughly, for "Hi" and the marks around it, and 100 of output at 1 and 2 units; the fee is 1 %. */
const CHARGE_AS_RECORDED = 7 + 200 + 3;

const processes = GatewayProcesses.forEachTest();
let upstream: ScriptedUpstream;

beforeAll(async () => {
  upstream = await startScriptedUpstream();
});
beforeEach(() => upstream.reset());
afterAll(() => upstream.close());

function startGateway(
  url = processes.database.url,
  { leaseMs = LEASE_MS, connections = 100 } = {},
): Promise<GatewayProcess> {
  return processes.start({
    url,
    environment: { LEASE_MS: String(leaseMs) },
    file: fileFor(upstream.url, { provider: { max_connections: connections } }),
  });
}

/** A stream in whose middle the upstream has said something and waits. */
async function openStream(
  client: GatewayClient,
  key: string,
): Promise<{ stream: OpenStream; exchange: Exchange }> {
  const arrived = new Promise<Exchange>((resolve) => {
    upstream.next(async (exchange) => {
      await exchange.send(sse(SPOKEN));
      resolve(exchange);
    });
  });
  const stream = await client.stream(key);
  await stream.shows('word word');
  return { stream, exchange: await arrived };
}

const noHolds = async (pool: Pool): Promise<boolean> => (await openHolds(pool)).length === 0;

async function progressIsRecorded(pool: Pool): Promise<void> {
  await until(async () => (await openHolds(pool)).some(({ outputTokens }) => outputTokens === 100));
}

describe('a gateway that is killed in the middle of its calls', () => {
  it('is settled by its next start: what was sent for what was recorded, what was not for nothing', async () => {
    const gateway = await startGateway(processes.database.url, { connections: 1 });
    const { id, key } = await gateway.client.createKey({ budget_limit: '1000000' });
    const { stream } = await openStream(gateway.client, key);
    const unsent = gateway.client.chat(key).catch(() => undefined);
    await progressIsRecorded(processes.pool);
    await until(async () => (await openHolds(processes.pool)).length === 2);
    expect((await openHolds(processes.pool)).map(({ sent }) => sent)).toEqual([true, false]);
    await processes.kill(gateway);
    await expect(stream.ended).rejects.toThrow();
    await unsent;
    expect(upstream.requests).toHaveLength(1);
    expect(await openHolds(processes.pool)).toHaveLength(2);

    const next = await startGateway();
    await until(() => noHolds(processes.pool));
    expect(await receipts(processes.pool)).toEqual([{ finalAmount: CHARGE_AS_RECORDED, estimated: true }]);
    expect(await spentBy(processes.pool, id)).toBe(CHARGE_AS_RECORDED);
    await expectSoundBooks(processes.pool);
    expect((await next.client.chat(key)).status).toBe(200);
    await next.stop();
    const { rows } = await processes.pool.query('SELECT id FROM gateway_processes');
    expect(rows).toEqual([]);
  });

  it('is settled by a living replica, without any restart', async () => {
    const [gateway, replica] = await Promise.all([startGateway(), startGateway()]);
    const { key } = await gateway.client.createKey({ budget_limit: '1000000' });
    const { stream } = await openStream(gateway.client, key);
    await progressIsRecorded(processes.pool);
    await processes.killHolder(gateway);
    await expect(stream.ended).rejects.toThrow();
    await until(() => noHolds(processes.pool));
    expect(await receipts(processes.pool)).toEqual([{ finalAmount: CHARGE_AS_RECORDED, estimated: true }]);
    await expectSoundBooks(processes.pool);
    await replica.stop();
  });
});

describe('a gateway that stands still for longer than its lease', () => {
  it('finds its call settled by a replica and cuts it off: the key pays no more, the operator the rest', async () => {
    const [gateway, replica] = await Promise.all([startGateway(), startGateway()]);
    const { id, key } = await gateway.client.createKey({ budget_limit: '1000000' });
    const { stream, exchange } = await openStream(gateway.client, key);
    await progressIsRecorded(processes.pool);
    // A lease renewal passes over a hold that somebody has locked, so what comes now is not recorded.
    const lock = await processes.pool.connect();
    await lock.query('BEGIN');
    await lock.query('SELECT FROM holds FOR UPDATE');
    await exchange.send(sse(usageChunk(chatUsage(1_000, 500)), chatChunk({ content: 'and more' })));
    await stream.shows('and more');
    gateway.signal('SIGSTOP');
    await lock.query('ROLLBACK');
    lock.release();
    await until(() => noHolds(processes.pool));
    gateway.signal('SIGCONT');
    await exchange.aborted;
    const frames = await stream.frames();
    expect(frames.find(({ event }) => event === 'compose.error')?.data).toMatchObject({
      code: 'server_error',
    });
    expect(receiptIn(frames)).toBeUndefined();
    expect(frames.at(-1)?.data).toBe('[DONE]');
    // 1000 and 2 × 500, with the fee of 20, came late; the sweep had charged a part of it.
    expect(await overruns(processes.pool)).toEqual([
      { amount: 2_020 - CHARGE_AS_RECORDED, reason: 'after_sweep' },
    ]);
    expect(await receipts(processes.pool)).toEqual([{ finalAmount: CHARGE_AS_RECORDED, estimated: true }]);
    expect(await spentBy(processes.pool, id)).toBe(CHARGE_AS_RECORDED);
    await expectSoundBooks(processes.pool);
    // What it asked its database before it stood still may count as unanswered at first.
    await until(async () => (await gateway.client.chat(key)).status === 200);
    await Promise.all([gateway.stop(), replica.stop()]);
  });
});

describe('a gateway whose database is gone for a while', () => {
  let proxy: CutProxy;
  beforeEach(async () => {
    proxy = await CutProxy.before(processes.database.url);
  });
  afterEach(() => proxy.close());

  async function leaseEndsAtMs(): Promise<number> {
    const { rows } = await processes.pool.query<{ ends: string }>(
      'SELECT extract(epoch FROM lease_expires_at) * 1000 AS ends FROM gateway_processes',
    );
    return Number(rows[0]?.ends);
  }

  it('refuses new calls, ends running ones before its lease does, and goes on when it is back', async () => {
    // Calls are cut off at five sixths of it: what is left is the time for that, and a busy machine takes it.
    const gateway = await startGateway(proxy.url, { leaseMs: 18_000 });
    const { key } = await gateway.client.createKey({ budget_limit: '1000000' });
    const { stream, exchange } = await openStream(gateway.client, key);
    await progressIsRecorded(processes.pool);
    proxy.cut();
    const leaseEndsAt = await leaseEndsAtMs();

    const seen = upstream.requests.length;
    for (const path of ['/v1', '/external/v1']) {
      const refused = await gateway.client.chat(key, {}, path);
      expect(refused.status).toBe(503);
      expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
      expect(await refused.json()).toMatchObject({
        error: { code: 'service_unavailable', type: 'server_error' },
      });
    }
    expect(upstream.requests).toHaveLength(seen);
    const ready = await fetch(`${gateway.url}/health/ready`);
    expect(ready.status).toBe(503);
    expect(await ready.json()).toMatchObject({ reason: 'database' });
    expect((await fetch(`${gateway.url}/health/live`)).status).toBe(200);

    expect(Date.now() - performance.now() + (await exchange.aborted)).toBeLessThan(leaseEndsAt);
    const frames = await stream.frames();
    expect(frames.find(({ event }) => event === 'compose.error')?.data).toMatchObject({
      code: 'server_error',
    });
    expect(frames.at(-1)?.data).toBe('[DONE]');

    proxy.mend();
    await until(() => noHolds(processes.pool));
    expect(await receipts(processes.pool)).toHaveLength(1);
    await expectSoundBooks(processes.pool);
    await until(async () => (await gateway.client.chat(key)).status === 200);
    expect(gateway.isRunning).toBe(true);
    await gateway.stop();
  });

  it('keeps its lease and its calls when all its connections have fallen silent, but new ones work', async () => {
    const leaseMs = 18_000;
    const gateway = await startGateway(proxy.url, { leaseMs });
    const { id, key } = await gateway.client.createKey({ budget_limit: '1000000' });
    // More connections than could be tried one by one within a lease.
    const reads = Array.from({ length: 12 }, () => gateway.client.admin(`/admin/keys/${id}`, 'GET'));
    expect((await Promise.all(reads)).every(({ ok }) => ok)).toBe(true);
    const { stream, exchange } = await openStream(gateway.client, key);
    proxy.silence();
    const before = await leaseEndsAtMs();
    // A renewal that was under way makes it a third longer, the first one on a new connection two thirds.
    await until(async () => (await leaseEndsAtMs()) > before + leaseMs / 2);
    await exchange.send(sse(chatChunk({ content: 'still there' })));
    await stream.shows('still there');
    await gateway.kill();
    await expect(stream.ended).rejects.toThrow();
  });

  it('never forgets what a call cost that ended in the meantime', async () => {
    const gateway = await startGateway(proxy.url, { leaseMs: 9_000 });
    const { id, key } = await gateway.client.createKey({ budget_limit: '1000000' });
    const { stream, exchange } = await openStream(gateway.client, key);
    proxy.cut();
    exchange.end(sse(chatChunk({}, 'stop'), usageChunk(chatUsage(1_000, 500)), '[DONE]'));
    const frames = await stream.frames();
    expect(frames.find(({ event }) => event === 'compose.error')?.data).toMatchObject({
      code: 'service_unavailable',
    });
    proxy.mend();
    await until(() => noHolds(processes.pool));
    expect(await spentBy(processes.pool, id)).toBe(2_020);
    expect(await receipts(processes.pool, id)).toEqual([{ finalAmount: 2_020, estimated: false }]);
    await gateway.stop();
  });
});

describe('a gateway with the embedded database that is killed', () => {
  const environment = { PORT: '0', ADMIN_TOKEN, LOG_LEVEL: 'info', LEASE_MS: String(LEASE_MS) };
  const postmasterFile = (): string => join(processes.directory, 'data', 'postgres', 'postmaster.pid');
  const postmasterPid = async (): Promise<number> =>
    Number((await readFile(postmasterFile(), 'utf8')).split('\n')[0]);

  function start(): Promise<GatewayProcess> {
    return GatewayProcess.start({ directory: processes.directory, environment, file: fileFor(upstream.url) });
  }

  function poolOf(gateway: GatewayProcess): Pool {
    const [, url] = /psql "([^"]+)"/.exec(gateway.stdout) ?? [];
    const pool = new Pool({ connectionString: url });
    pool.on('error', () => undefined);
    return pool;
  }

  it('alone, and then with its PostgreSQL, starts again and leaves no hold', async () => {
    const gateway = await start();
    const { id, key } = await gateway.client.createKey({ budget_limit: '1000000' });
    const pool = poolOf(gateway);
    const first = await openStream(gateway.client, key);
    await progressIsRecorded(pool);
    const pid = await postmasterPid();
    await gateway.kill();
    await endLeasesOfHolders(pool);
    await expect(first.stream.ended).rejects.toThrow();

    const second = await start();
    expect(await postmasterPid()).toBe(pid);
    await until(() => noHolds(pool));
    expect(await spentBy(pool, id)).toBe(CHARGE_AS_RECORDED);
    await expectSoundBooks(pool);

    const again = await openStream(second.client, key);
    await progressIsRecorded(pool);
    process.kill(pid, 'SIGKILL');
    await second.kill();
    await expect(again.stream.ended).rejects.toThrow();
    await pool.end();

    const third = await start();
    const recovered = poolOf(third);
    await endLeasesOfHolders(recovered);
    expect(await postmasterPid()).not.toBe(pid);
    await until(() => noHolds(recovered));
    expect(await spentBy(recovered, id)).toBe(2 * CHARGE_AS_RECORDED);
    await expectSoundBooks(recovered);
    expect((await third.client.chat(key)).status).toBe(200);
    await recovered.end();
    await third.stop();
    await expect(postmasterPid()).rejects.toThrow('ENOENT');
  });
});
