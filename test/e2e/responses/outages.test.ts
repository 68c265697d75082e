import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { nextStalls } from '../../support/chat-scripts.js';
import { chatChunk, chatUsage, sse, usageChunk } from '../../support/chat-wire.js';
import { CutProxy } from '../../support/cut-proxy.js';
import type { GatewayProcess } from '../../support/gateway-process.js';
import { GatewayProcesses } from '../../support/gateway-processes.js';
import { fileFor, type CreatedKey } from '../../support/gateway.js';
import { openHolds, receipts } from '../../support/ledger-state.js';
import { checkedFrames, idIn, ResponsesClient } from '../../support/responses-client.js';
import {
  startScriptedUpstream,
  type Exchange,
  type ScriptedUpstream,
} from '../../support/scripted-upstream.js';
import { until } from '../../support/until.js';
import type { OpenStream } from '../../support/gateway-client.js';

const REST = sse(chatChunk({}, 'stop'), usageChunk(chatUsage(1_000, 500)), '[DONE]');

const processes = GatewayProcesses.forEachTest();
let upstream: ScriptedUpstream;
let created: CreatedKey;

beforeAll(async () => {
  upstream = await startScriptedUpstream();
});
beforeEach(() => upstream.reset());
afterAll(() => upstream.close());

function start(url: string, environment: Readonly<Record<string, string>>): Promise<GatewayProcess> {
  return processes.start({ url, environment, file: fileFor(upstream.url) });
}

const clientOf = ({ url }: GatewayProcess): ResponsesClient => new ResponsesClient(url, created.key, '/v1');

async function running(
  gateway: GatewayProcess,
  body: object = {},
): Promise<{ stream: OpenStream; exchange: Exchange }> {
  created = await gateway.client.createKey({ budget_limit: '1000000' });
  const stalled = nextStalls(upstream, chatChunk({ role: 'assistant', content: 'Once' }));
  const stream = await clientOf(gateway).open(body);
  const exchange = await stalled;
  await stream.shows('Once');
  return { stream, exchange };
}

describe('a response whose database is away', () => {
  let proxy: CutProxy;
  beforeEach(async () => {
    proxy = await CutProxy.before(processes.database.url);
  });
  afterEach(() => proxy.close());

  it('when it ends, for a moment, ends as if nothing had been', async () => {
    const gateway = await start(proxy.url, { LEASE_MS: '20000' });
    const { stream, exchange } = await running(gateway);
    proxy.cut();
    exchange.end(REST);
    // The database is missed before it comes back.
    await until(async () => (await fetch(`${gateway.url}/health/ready`)).status === 503);
    proxy.mend();
    const { response, compose } = checkedFrames(await stream.frames());
    expect(response.status).toBe('completed');
    expect(await clientOf(gateway).found(response.id)).toEqual(response);
    expect(compose.map(({ event }) => event)).toEqual(['compose.receipt']);
    await gateway.stop();
  });

  it('for a moment, in background, is followed as if nothing had been', async () => {
    const gateway = await start(proxy.url, { LEASE_MS: '20000' });
    const { stream, exchange } = await running(gateway, { background: true });
    proxy.cut();
    await until(async () => (await fetch(`${gateway.url}/health/ready`)).status === 503);
    exchange.end(REST);
    // Longer than the pause between two looks at the log, of which at least one fails.
    await sleep(1_000);
    proxy.mend();
    const { response, compose } = checkedFrames(await stream.frames());
    expect(response.status).toBe('completed');
    expect(compose.map(({ event }) => event)).toEqual(['compose.receipt']);
    await gateway.stop();
  });

  it('when it ends, for longer than its client waits, is told as failed, paid for and kept', async () => {
    const gateway = await start(proxy.url, { LEASE_MS: '9000' });
    const { stream, exchange } = await running(gateway);
    proxy.cut();
    exchange.end(REST);
    const { response } = checkedFrames(await stream.frames());
    expect(response).toMatchObject({ status: 'failed', error: { code: 'server_error' } });
    proxy.mend();
    await until(async () => (await openHolds(processes.pool)).length === 0);
    // What was paid for is kept, for whoever asks again.
    expect(await clientOf(gateway).found(response.id)).toMatchObject({ status: 'completed' });
    expect(await receipts(processes.pool, created.id)).toEqual([{ finalAmount: 2_020, estimated: false }]);
    await gateway.stop();
  });
});

describe('a gateway that is told to end while a response runs', () => {
  it('lets it end within the grace', async () => {
    const gateway = await start(processes.database.url, { SHUTDOWN_GRACE_MS: '20000' });
    const { stream, exchange } = await running(gateway);
    gateway.signal('SIGTERM');
    await until(async () => (await fetch(`${gateway.url}/health/ready`)).status === 503);
    expect((await clientOf(gateway).create()).status).toBe(503);
    exchange.end(REST);
    const { response } = checkedFrames(await stream.frames());
    expect(response.status).toBe('completed');
    expect(await gateway.exited).toBe(0);
    const next = await start(processes.database.url, {});
    expect(await clientOf(next).found(response.id)).toEqual(response);
    await next.stop();
  });

  it('ends it as failed after the grace, told, stored and paid', async () => {
    const gateway = await start(processes.database.url, { SHUTDOWN_GRACE_MS: '100' });
    const { stream } = await running(gateway);
    const id = idIn(stream);
    gateway.signal('SIGTERM');
    const { response, events } = checkedFrames(await stream.frames());
    expect(events.slice(-2).map(({ type }) => type)).toEqual(['error', 'response.failed']);
    expect(response).toMatchObject({ id, status: 'failed', error: { code: 'server_error' } });
    expect(await gateway.exited).toBe(0);
    expect(await openHolds(processes.pool)).toEqual([]);
    const { rows } = await processes.pool.query('SELECT FROM responses WHERE finished_at IS NULL');
    expect(rows).toEqual([]);
    expect(await receipts(processes.pool, created.id)).toHaveLength(1);
    const next = await start(processes.database.url, {});
    expect(await clientOf(next).found(id)).toEqual(response);
    await next.stop();
  });
});
