import { afterAll, beforeAll, beforeEach, expect, it } from '@jest/globals';
import { chatUsage } from '../../support/chat-wire.js';
import { CutProxy } from '../../support/cut-proxy.js';
import { GatewayProcesses } from '../../support/gateway-processes.js';
import { fileFor } from '../../support/gateway.js';
import { openHolds, receipts } from '../../support/ledger-state.js';
import { ResponsesClient } from '../../support/responses-client.js';
import {
  completion,
  startScriptedUpstream,
  type Exchange,
  type ScriptedUpstream,
} from '../../support/scripted-upstream.js';
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
