import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { expectSoundBooks } from '../support/books.js';
import { chatChunk, chatUsage, sse, usageChunk } from '../support/chat-wire.js';
import { receiptIn, type OpenStream } from '../support/gateway-client.js';
import {
  GatewayProcess,
  removeDirectory,
  scratchDirectory,
  testEnvironment,
} from '../support/gateway-process.js';
import { ADMIN_TOKEN, fileFor } from '../support/gateway.js';
import { openHolds, receipts } from '../support/ledger-state.js';
import { startScriptedUpstream, type Exchange, type ScriptedUpstream } from '../support/scripted-upstream.js';
import { createTestDatabase, type TestDatabase } from '../support/test-database.js';
import { until } from '../support/until.js';

const REST = sse(
  chatChunk({ content: ' done' }),
  chatChunk({}, 'stop'),
  usageChunk(chatUsage(100, 50)),
  '[DONE]',
);

let upstream: ScriptedUpstream;
let directory: string;

beforeAll(async () => {
  upstream = await startScriptedUpstream();
});
beforeEach(async () => {
  upstream.reset();
  directory = await scratchDirectory();
});
afterEach(async () => {
  await GatewayProcess.endAll();
  await removeDirectory(directory);
});
afterAll(() => upstream.close());

/** A running stream; the upstream ends it when told to. */
async function runningStream(
  gateway: GatewayProcess,
): Promise<{ key: string; stream: OpenStream; exchange: Exchange }> {
  const { key } = await gateway.client.createKey({ budget_limit: '1000000' });
  const arrived = new Promise<Exchange>((resolve) => {
    upstream.next(async (exchange) => {
      await exchange.send(sse(chatChunk({ role: 'assistant', content: 'Working' })));
      resolve(exchange);
    });
  });
  const stream = await gateway.client.stream(key);
  await stream.shows('Working');
  return { key, stream, exchange: await arrived };
}

async function isDraining({ url }: GatewayProcess): Promise<boolean> {
  const response = await fetch(`${url}/health/ready`);
  const { reason } = (await response.json()) as { reason?: string };
  return response.status === 503 && reason === 'draining';
}

describe('a gateway that is told to end', () => {
  let database: TestDatabase;
  beforeEach(async () => {
    database = await createTestDatabase();
  });
  afterEach(async () => {
    await GatewayProcess.endAll();
    await database.drop();
  });

  function start(graceMs: number): Promise<GatewayProcess> {
    return GatewayProcess.start({
      directory,
      environment: testEnvironment(database.url, { SHUTDOWN_GRACE_MS: String(graceMs) }),
      file: fileFor(upstream.url),
    });
  }

  async function expectCleanEnd(gateway: GatewayProcess): Promise<void> {
    expect(await gateway.exited).toBe(0);
    expect(await openHolds(database.pool)).toEqual([]);
    expect((await database.pool.query('SELECT FROM gateway_processes')).rowCount).toBe(0);
    await expectSoundBooks(database.pool);
  }

  function expectCutOff(frames: Awaited<ReturnType<OpenStream['frames']>>): void {
    const codes = frames.map(
      ({ event, data }) => (data as { error?: { code?: string } }).error?.code ?? event,
    );
    expect(codes.slice(-3)).toEqual(['compose.error', 'compose.receipt', undefined]);
    expect(frames.at(-3)?.data).toMatchObject({ code: 'server_error' });
    expect(
      frames.find(({ data }) => typeof data === 'object' && data !== null && 'error' in data)?.data,
    ).toMatchObject({ error: { type: 'server_error', code: 'server_error' } });
    expect(frames.at(-1)?.data).toBe('[DONE]');
  }

  it('takes no new work, and lets a running stream end within the grace', async () => {
    const gateway = await start(30_000);
    const { key, stream, exchange } = await runningStream(gateway);
    gateway.signal('SIGTERM');
    await until(() => isDraining(gateway));
    expect((await fetch(`${gateway.url}/health/live`)).status).toBe(200);
    for (const path of ['/v1', '/external/v1']) {
      const refused = await gateway.client.chat(key, {}, path);
      expect(refused.status).toBe(503);
      expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
      expect(await refused.json()).toMatchObject({ error: { code: 'service_unavailable' } });
    }
    expect(upstream.requests).toHaveLength(1);
    exchange.end(REST);
    const frames = await stream.frames();
    expect(receiptIn(frames)).toMatchObject({ finalAmountWei: '202' });
    expect(frames.at(-1)?.data).toBe('[DONE]');
    await expectCleanEnd(gateway);
  });

  it('cuts off what is left when the grace is over, tells its client and settles it', async () => {
    const gateway = await start(300);
    const { stream, exchange } = await runningStream(gateway);
    gateway.signal('SIGTERM');
    await exchange.aborted;
    const frames = await stream.frames();
    expectCutOff(frames);
    await expectCleanEnd(gateway);
    expect(await receipts(database.pool)).toEqual([
      { finalAmount: Number(receiptIn(frames)?.finalAmountWei), estimated: true },
    ]);
  });

  it('answers a whole call that is cut off with an error, and charges nothing', async () => {
    const gateway = await start(300);
    const { key } = await gateway.client.createKey();
    upstream.next(() => undefined);
    const call = gateway.client.chat(key);
    await upstream.arrived(0);
    gateway.signal('SIGTERM');
    const response = await call;
    expect(response.status).toBe(503);
    expect(Number(response.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(await response.json()).toMatchObject({
      error: { type: 'server_error', code: 'service_unavailable' },
    });
    await expectCleanEnd(gateway);
    expect(await receipts(database.pool)).toEqual([]);
  });

  it('hurries at a second Ctrl-C, but not when one is delivered twice', async () => {
    const gateway = await start(60_000);
    const { stream, exchange } = await runningStream(gateway);
    gateway.signal('SIGINT');
    // Two of one name that come together may be delivered as one.
    gateway.signal('SIGTERM');
    await until(() => isDraining(gateway));
    // A signal counts as another one only a second after the first: the wait is what is tested.
    await sleep(1_100);
    expect(await isDraining(gateway)).toBe(true);
    await exchange.send(sse(chatChunk({ content: ' still' })));
    await stream.shows(' still');
    gateway.signal('SIGINT');
    expectCutOff(await stream.frames());
    await expectCleanEnd(gateway);
  });

  it('ends at once when nothing runs, with idle connections open', async () => {
    const gateway = await start(60_000);
    expect((await fetch(`${gateway.url}/health/live`)).status).toBe(200);
    gateway.signal('SIGTERM');
    await expectCleanEnd(gateway);
  });

  it('leaves nothing behind of a request whose body is still on its way', async () => {
    const gateway = await start(60_000);
    const { key } = await gateway.client.createKey();
    const abort = new AbortController();
    const upload = fetch(`${gateway.url}/v1/chat/completions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${key}` },
      body: new ReadableStream({
        async start(controller) {
          controller.enqueue(new TextEncoder().encode('{"model":'));
          await new Promise((resolve) => abort.signal.addEventListener('abort', resolve));
          controller.close();
        },
      }),
      duplex: 'half',
    }).catch(() => undefined);
    gateway.signal('SIGTERM');
    await expectCleanEnd(gateway);
    abort.abort();
    await upload;
  });
});

describe('a gateway that was started by npm, with its own database', () => {
  it('keeps its PostgreSQL through a Ctrl-C until the running stream is settled, then stops it', async () => {
    const gateway = await GatewayProcess.startByNpm({
      directory,
      environment: { PORT: '0', ADMIN_TOKEN, LOG_LEVEL: 'warn' },
      file: fileFor(upstream.url),
    });
    const { stream, exchange } = await runningStream(gateway);
    const postmaster = join(directory, 'data', 'postgres', 'postmaster.pid');
    gateway.signal('SIGINT');
    await until(() => isDraining(gateway));
    expect(existsSync(postmaster)).toBe(true);
    exchange.end(REST);
    const frames = await stream.frames();
    expect(receiptIn(frames)).toMatchObject({ finalAmountWei: '202' });
    expect(frames.at(-1)?.data).toBe('[DONE]');
    await gateway.exited;
    expect(existsSync(postmaster)).toBe(false);
    expect(existsSync(join(directory, 'data', 'gateway.lock'))).toBe(false);
  });
});
