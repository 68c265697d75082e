import { afterAll, beforeAll, beforeEach, expect, it } from '@jest/globals';
import { nextStalls } from '../support/chat-scripts.js';
import { chatChunk, chatUsage, sse, usageChunk } from '../support/chat-wire.js';
import { CutProxy } from '../support/cut-proxy.js';
import { receiptIn } from '../support/gateway-client.js';
import { GatewayProcesses } from '../support/gateway-processes.js';
import { fileFor } from '../support/gateway.js';
import { receipts } from '../support/ledger-state.js';
import { startScriptedUpstream, type ScriptedUpstream } from '../support/scripted-upstream.js';
import { until } from '../support/until.js';

const LEASE_SECONDS = 36;

const processes = GatewayProcesses.forEachTest({ LEASE_MS: String(LEASE_SECONDS * 1_000) });
let upstream: ScriptedUpstream;

beforeAll(async () => {
  upstream = await startScriptedUpstream();
});
beforeEach(() => upstream.reset());
afterAll(() => upstream.close());

/** The times that the leases have left, in seconds. */
async function leasesLastFor(): Promise<readonly number[]> {
  const { rows } = await processes.pool.query<{ seconds: number }>(
    'SELECT extract(epoch FROM lease_expires_at - now())::float AS seconds FROM gateway_processes',
  );
  return rows.map(({ seconds }) => seconds);
}

it('calls that ended while all leases lapsed, since the database was away, are settled by whoever ran them', async () => {
  const proxy = await CutProxy.before(processes.database.url);
  const options = { url: proxy.url, file: fileFor(upstream.url) };
  const [gateway, replica] = await Promise.all([processes.start(options), processes.start(options)]);
  const { id, key } = await gateway.client.createKey({ budget_limit: '1000000' });
  const calls = [gateway, replica, gateway, replica].map(async ({ client }) => {
    const stalled = nextStalls(upstream, chatChunk({ role: 'assistant', content: 'Once' }));
    const stream = await client.stream(key);
    return { stream, exchange: await stalled };
  });
  const running = await Promise.all(calls);
  await Promise.all(running.map(({ stream }) => stream.shows('Once')));
  proxy.cut();
  // Calls are cut off when a lease has a sixth left, and clients are told when they have waited for half of one: this
  // is as far from the former, for whose lease ends first, as from the latter, for whose ends last.
  await until(async () => {
    const [one = 0, other = 0] = await leasesLastFor();
    return (one + other) / 2 < LEASE_SECONDS / 3;
  });
  for (const { exchange } of running)
    exchange.end(sse(chatChunk({}, 'stop'), usageChunk(chatUsage(1_000, 500)), '[DONE]'));
  await until(async () => (await leasesLastFor()).every((seconds) => seconds < 0));
  proxy.mend();
  for (const { stream } of running) expect(receiptIn(await stream.frames())?.finalAmountWei).toBe('2020');
  expect(await receipts(processes.pool, id)).toEqual(
    running.map(() => ({ finalAmount: 2_020, estimated: false })),
  );
  await proxy.close();
  await Promise.all([gateway.kill(), replica.kill()]);
});
