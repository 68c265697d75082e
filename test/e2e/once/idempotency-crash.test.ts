import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { chatChunk, sse } from '../../support/chat-wire.js';
import type { GatewayProcess } from '../../support/gateway-process.js';
import { GatewayProcesses } from '../../support/gateway-processes.js';
import { fileFor } from '../../support/gateway.js';
import { openHolds, receipts } from '../../support/ledger-state.js';
import { startScriptedUpstream, type ScriptedUpstream } from '../../support/scripted-upstream.js';
import { until } from '../../support/until.js';

const processes = GatewayProcesses.forEachTest({ LEASE_MS: '12000', SHUTDOWN_GRACE_MS: '100' });
let upstream: ScriptedUpstream;

beforeAll(async () => {
  upstream = await startScriptedUpstream();
});
beforeEach(() => upstream.reset());
afterAll(() => upstream.close());

function startReplica(): Promise<GatewayProcess> {
  return processes.start({ file: fileFor(upstream.url, { provider: { max_connections: 1 } }) });
}

function send({ url }: GatewayProcess, key: string, name: string): Promise<Response> {
  return fetch(`${url}/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'idempotency-key': name },
    body: JSON.stringify({
      model: 'test-model',
      messages: [{ role: 'user', content: 'Hi' }],
      stream: true,
    }),
  });
}

const noHolds = async (): Promise<boolean> => (await openHolds(processes.pool)).length === 0;

describe('a process that dies before it has answered a request that is to run once', () => {
  it('leaves a charged failure of what was sent upstream, and nothing of what was not', async () => {
    const [gateway, replica] = await Promise.all([startReplica(), startReplica()]);
    const { key } = await gateway.client.createKey({ budget_limit: '1000000' });
    upstream.next((exchange) =>
      exchange.send(sse(chatChunk({ role: 'assistant', content: 'word '.repeat(80) }))),
    );
    const sent = await send(gateway, key, 'sent');
    // The one connection to the provider is taken.
    const unsent = send(gateway, key, 'unsent').catch(() => undefined);
    await until(
      async () => (await openHolds(processes.pool)).map((hold) => hold.sent).join() === 'true,false',
    );
    // They wait until it is known what became of the call.
    const joined = Promise.all(
      ['sent', 'unsent'].map(async (name) => (await send(replica, key, name)).text()),
    );
    await processes.killHolder(gateway);
    await expect(sent.text()).rejects.toThrow();
    await unsent;
    await until(noHolds);
    expect(await joined).toEqual([
      expect.stringContaining('"code":"server_error"'),
      expect.stringContaining('"code":"idempotency_in_flight"'),
    ]);

    const charged = await receipts(processes.pool);
    expect(charged).toHaveLength(1);
    for (let attempt = 0; attempt < 2; attempt += 1) {
      const answer = await send(replica, key, 'sent');
      expect(answer.status).toBe(500);
      expect(answer.headers.get('x-should-retry')).toBe('false');
      expect(await answer.json()).toMatchObject({ error: { code: 'server_error', type: 'server_error' } });
    }
    expect(upstream.requests).toHaveLength(1);
    const ran = await send(replica, key, 'unsent');
    expect(ran.status).toBe(200);
    const text = await ran.text();
    const repeated = await send(replica, key, 'unsent');
    expect(repeated.headers.get('x-compose-idempotent-replay')).toBe('true');
    expect(await repeated.text()).toBe(text);
    expect(upstream.requests).toHaveLength(2);
    expect(await receipts(processes.pool)).toHaveLength(2);
    await replica.stop();
  });

  it('keeps what it had answered for other replicas', async () => {
    const [gateway, replica] = await Promise.all([startReplica(), startReplica()]);
    const { key } = await gateway.client.createKey({ budget_limit: '1000000' });
    const text = await (await send(gateway, key, 'answered')).text();
    await processes.kill(gateway);
    expect(await (await send(replica, key, 'answered')).text()).toBe(text);
    expect(upstream.requests).toHaveLength(1);
    await replica.stop();
  });

  it('told to end, leaves what it cut off as a charged failure or as its last frames', async () => {
    const [gateway, replica] = await Promise.all([startReplica(), startReplica()]);
    const { key } = await gateway.client.createKey({ budget_limit: '1000000' });
    upstream.next((exchange) => exchange.send(sse(chatChunk({ role: 'assistant', content: 'Hello' }))));
    const cut = await send(gateway, key, 'cut');
    await gateway.stop();
    const text = await cut.text();
    expect(text).toContain('server_error');
    const repeated = await send(replica, key, 'cut');
    expect(await repeated.text()).toBe(text);
    expect(await receipts(processes.pool)).toHaveLength(1);
    await replica.stop();
  });
});
