import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { ProcessIdentity } from '../../../src/payments/lease-keeper.js';
import { chatChunk, chatUsage, sse, usageChunk } from '../../support/chat-wire.js';
import { CutProxy } from '../../support/cut-proxy.js';
import type { GatewayProcess } from '../../support/gateway-process.js';
import { GatewayProcesses } from '../../support/gateway-processes.js';
import { fileFor, TestGateway } from '../../support/gateway.js';
import { openHolds, receipts } from '../../support/ledger-state.js';
import { startScriptedUpstream, type ScriptedUpstream } from '../../support/scripted-upstream.js';
import { until } from '../../support/until.js';

const SPOKEN = [
  chatChunk({ role: 'assistant', content: 'Hi' }),
  chatChunk({}, 'stop'),
  usageChunk(chatUsage(100, 50)),
];
/** Input of roughly 7 tokens at 1 unit, and the fee. */
const INPUT_ALONE = 8;
const WHOLE_CALL = 202;

interface Death {
  readonly name: string;
  /** Resolves at the moment of death. */
  readonly moment: (proxy: CutProxy, upstream: ScriptedUpstream) => Promise<unknown>;
  /** Of the requests after it. */
  readonly status: number;
  /** Requests to the upstream, all in all. */
  readonly sent: number;
  readonly charged: number;
}

const DEATHS: readonly Death[] = [
  {
    name: 'before its hold reaches the database',
    moment: (proxy) => proxy.holdBack('statement', 'take_holds_once'),
    status: 200,
    sent: 1,
    charged: WHOLE_CALL,
  },
  {
    name: 'before it knows that it has its hold',
    moment: (proxy) => proxy.holdBack('answer', 'take_holds_once'),
    status: 200,
    sent: 1,
    charged: WHOLE_CALL,
  },
  {
    name: 'before it has said that it is about to send',
    moment: (proxy) => proxy.holdBack('statement', 'SET sent = true WHERE id = $1'),
    status: 200,
    sent: 1,
    charged: WHOLE_CALL,
  },
  {
    name: 'before it knows that this is written',
    moment: (proxy) => proxy.holdBack('answer', 'SET sent = true WHERE id = $1'),
    status: 500,
    sent: 0,
    charged: INPUT_ALONE,
  },
  {
    name: 'when it has just sent',
    moment: (_proxy, upstream) => new Promise((reached) => upstream.next(reached)),
    status: 500,
    sent: 1,
    charged: INPUT_ALONE,
  },
  {
    name: 'before its settlement reaches the database',
    moment: (proxy) => proxy.holdBack('statement', 'charge_holds'),
    status: 500,
    sent: 1,
    charged: INPUT_ALONE,
  },
  {
    name: 'before it knows that it has settled',
    moment: (proxy) => proxy.holdBack('answer', 'charge_holds'),
    status: 200,
    sent: 1,
    charged: WHOLE_CALL,
  },
];

let upstream: ScriptedUpstream;
let proxy: CutProxy;
let replica: TestGateway;

// Before the hook that drops the database.
afterEach(async () => {
  await replica.close();
  await proxy.close();
});
// The first renewal comes long after everything that happens before a death.
const LONG_LEASE = { LEASE_MS: '12000' };
const processes = GatewayProcesses.forEachTest(LONG_LEASE);

beforeAll(async () => {
  upstream = await startScriptedUpstream();
});
beforeEach(async () => {
  upstream.reset();
  upstream.always((exchange) => exchange.end(sse(...SPOKEN, '[DONE]')));
  proxy = await CutProxy.before(processes.database.url);
  const { database } = processes;
  replica = await TestGateway.start({
    database,
    file: fileFor(upstream.url),
    environment: LONG_LEASE,
  });
});
afterAll(() => upstream.close());

function send(url: string, key: string): Promise<Response> {
  return fetch(`${url}/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'idempotency-key': 'once' },
    body: JSON.stringify({
      model: 'test-model',
      messages: [{ role: 'user', content: 'Hi' }],
      stream: true,
    }),
  });
}

/** Nobody waits for the end of the lease. */
async function kill(gateway: GatewayProcess): Promise<void> {
  await gateway.kill();
  await processes.pool.query('UPDATE gateway_processes SET lease_expires_at = now() WHERE id <> $1', [
    replica.app.get(ProcessIdentity).id,
  ]);
}

/** The answer that is not about the first request any more. */
async function answerOf(url: string, key: string): Promise<Response> {
  let answer = await send(url, key);
  await until(async () => {
    if (answer.status !== 409) return true;
    await answer.text();
    answer = await send(url, key);
    return false;
  });
  return answer;
}

describe('a request that is to run once, whose process dies', () => {
  it.each(DEATHS)(
    '$name, is sent upstream at most once, and charged once',
    async ({ moment, status, sent, charged }) => {
      const gateway = await processes.start({ url: proxy.url, file: fileFor(upstream.url) });
      const { key } = await replica.createKey({ budget_limit: '1000000' });
      const dead = moment(proxy, upstream).then(() => kill(gateway));
      const first = send(gateway.url, key).then((answer) => answer.text());
      await Promise.all([dead, first.catch(() => undefined)]);

      const answer = await answerOf(replica.url, key);
      expect(answer.status).toBe(status);
      const text = await answer.text();
      const repeated = await send(replica.url, key);
      expect(repeated.status).toBe(status);
      if (status === 200) expect(await repeated.text()).toBe(text);
      expect(upstream.requests).toHaveLength(sent);
      expect(await openHolds(processes.pool)).toEqual([]);
      expect((await receipts(processes.pool)).map(({ finalAmount }) => finalAmount)).toEqual([charged]);
    },
  );

  it('is not sent by a process that cannot write that it is about to', async () => {
    const gateway = await processes.start({ url: proxy.url, file: fileFor(upstream.url) });
    const { key } = await replica.createKey({ budget_limit: '1000000' });
    const heldBack = proxy.holdBack('statement', 'SET sent = true WHERE id = $1');
    const first = send(gateway.url, key);
    await heldBack;
    proxy.cut();
    proxy.mend();
    expect((await first).status).toBe(503);
    expect(upstream.requests).toEqual([]);
    expect((await answerOf(replica.url, key)).status).toBe(200);
    await until(async () => (await receipts(processes.pool)).length === 1);
    expect(upstream.requests).toHaveLength(1);
  });
});
