import { afterAll, beforeAll, beforeEach, expect, it } from '@jest/globals';
import { chatChunk, chatUsage, sse } from '../../support/chat-wire.js';
import { CutProxy } from '../../support/cut-proxy.js';
import { GatewayProcesses } from '../../support/gateway-processes.js';
import { fileFor } from '../../support/gateway.js';
import { openHolds, receipts } from '../../support/ledger-state.js';
import { expectLegalEvents } from '../../support/response-event-checker.js';
import { ResponsesClient } from '../../support/responses-client.js';
import {
  completion,
  startScriptedUpstream,
  type Exchange,
  type ScriptedUpstream,
} from '../../support/scripted-upstream.js';
import { framesOf } from '../../support/sse-frames.js';
import { ON_SHARDS } from '../../support/test-database.js';
import { until } from '../../support/until.js';

const processes = GatewayProcesses.forEachTest({ LEASE_MS: '9000' });
let upstream: ScriptedUpstream;

beforeAll(async () => {
  upstream = await startScriptedUpstream();
});
beforeEach(() => upstream.reset());
afterAll(() => upstream.close());

function nextCall(): Promise<Exchange> {
  return new Promise((resolve) => upstream.next(resolve));
}

it('a background response whose process lost its lease is handed over although the first try gets no answer', async () => {
  const proxy = await CutProxy.before(processes.database.url);
  const gateway = await processes.start({ url: proxy.url, file: fileFor(upstream.url) });
  const { key } = await gateway.client.createKey({ budget_limit: '1000000' });
  const firstCall = nextCall();
  const client = new ResponsesClient(gateway.url, key);
  const { id } = await client.created({ model: 'test-model', input: 'Hi', background: true });
  const exchange = await firstCall;
  await until(async () => (await client.found(id)).status === 'in_progress');

  const secondCall = nextCall();
  proxy.cut();
  // Nobody else has a reason to take the response up.
  await processes.pool.query(`UPDATE gateway_processes SET lease_expires_at = now() + interval '1 hour'`);
  await exchange.aborted;
  const heldBack = proxy.holdBack('statement', 'UPDATE holds SET process_id');
  proxy.mend();
  await heldBack;
  await completion('Done.', chatUsage(100, 50))(await secondCall);
  await until(async () => (await client.found(id)).status === 'completed');
  expect(await receipts(processes.pool)).toEqual([{ finalAmount: 202, estimated: false }]);
  expect(await openHolds(processes.pool)).toEqual([]);
  await gateway.stop();
  await proxy.close();
});

it('a takeover is repeated when its claim was made and the answer to it was lost', async () => {
  const proxy = await CutProxy.before(processes.database.url);
  const gateway = await processes.start({ file: fileFor(upstream.url) });
  const { key } = await gateway.client.createKey({ budget_limit: '1000000' });
  const firstCall = nextCall();
  const { id } = await new ResponsesClient(gateway.url, key).created({ background: true });
  await firstCall;
  const client = new ResponsesClient(gateway.url, key);
  await until(async () => (await client.found(id)).status === 'in_progress');

  const heldBack = proxy.holdBack('answer', ON_SHARDS ? 'sharded.adopt(' : 'AS is_own FROM holds');
  const replica = await processes.start({ url: proxy.url, file: fileFor(upstream.url) });
  const secondCall = nextCall();
  await processes.killHolder(gateway);
  await heldBack;
  await completion('Done.', chatUsage(100, 50))(await secondCall);
  const survivor = new ResponsesClient(replica.url, key);
  await until(async () => (await survivor.found(id)).status === 'completed');
  const { rows } = await processes.pool.query('SELECT runs FROM responses');
  expect(rows).toEqual([{ runs: 2 }]);
  expect(await receipts(processes.pool)).toEqual([{ finalAmount: 202, estimated: false }]);
  expect(upstream.requests).toHaveLength(2);
  await replica.stop();
  await proxy.close();
});

it('a run whose events may have been seen is not run again, although nothing says that it was started', async () => {
  const proxy = await CutProxy.before(processes.database.url);
  const [gateway, replica] = [
    await processes.start({ url: proxy.url, file: fileFor(upstream.url) }),
    await processes.start({ file: fileFor(upstream.url) }),
  ];
  const { key } = await gateway.client.createKey({ budget_limit: '1000000' });
  const call = nextCall();
  const heldBack = proxy.holdBack('statement', `SET status = 'in_progress'`);
  const stream = await new ResponsesClient(gateway.url, key).open({ background: true });
  await heldBack;
  await (await call).send(sse(chatChunk({ role: 'assistant', content: 'Once' })));
  await stream.shows('Once');
  const { rows } = await processes.pool.query<{ id: string; status: string }>(
    'SELECT id, status FROM responses',
  );
  expect(rows[0]).toMatchObject({ status: 'queued' });
  const { id = '' } = rows[0] ?? {};
  await processes.killHolder(gateway);
  const survivor = new ResponsesClient(replica.url, key);
  await until(async () => (await survivor.found(id)).status === 'failed');
  const replayed = await (await survivor.find(id, '?stream=true')).text();
  expectLegalEvents(
    framesOf(replayed)
      .slice(0, -1)
      .map(({ data }) => data as { sequence_number: number; type: string }),
  );
  expect(replayed).toContain('Once');
  expect(upstream.requests).toHaveLength(1);
  await replica.stop();
  await proxy.close();
});
