import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { chatChunk, chatUsage, sse } from '../../support/chat-wire.js';
import type { GatewayProcess } from '../../support/gateway-process.js';
import { GatewayProcesses } from '../../support/gateway-processes.js';
import { fileFor } from '../../support/gateway.js';
import { openHolds, receipts, spentBy } from '../../support/ledger-state.js';
import { expectLegalEvents } from '../../support/response-event-checker.js';
import { framesOf } from '../../support/sse-frames.js';
import {
  completion,
  startScriptedUpstream,
  type Exchange,
  type ScriptedUpstream,
} from '../../support/scripted-upstream.js';
import { until } from '../../support/until.js';

const answerDone = completion('Done.', chatUsage(100, 50));

interface Polled {
  readonly id: string;
  readonly status: string;
  readonly error: { readonly code: string } | null;
  readonly output: readonly unknown[];
}

const processes = GatewayProcesses.forEachTest({ LEASE_MS: '9000' });
let upstream: ScriptedUpstream;

beforeAll(async () => {
  upstream = await startScriptedUpstream();
});
beforeEach(() => upstream.reset());
afterAll(() => upstream.close());

function start(environment: Readonly<Record<string, string>> = {}): Promise<GatewayProcess> {
  return processes.start({ environment, file: fileFor(upstream.url) });
}

/** The next call of the upstream, which says nothing unless the test lets it. */
function nextCall(beginning?: string): Promise<Exchange> {
  return new Promise((resolve) => {
    upstream.next(async (exchange) => {
      if (beginning) await exchange.send(beginning);
      resolve(exchange);
    });
  });
}

async function request(gateway: GatewayProcess, key: string, path: string, body?: object): Promise<Response> {
  return fetch(`${gateway.url}/external/v1/responses${path}`, {
    method: body ? 'POST' : 'GET',
    headers: { authorization: `Bearer ${key}` },
    ...(body && { body: JSON.stringify({ model: 'test-model', input: 'Hi', background: true, ...body }) }),
  });
}

async function poll(gateway: GatewayProcess, key: string, id: string): Promise<Polled> {
  return (await (await request(gateway, key, `/${id}`)).json()) as Polled;
}

async function ended(gateway: GatewayProcess, key: string, id: string): Promise<Polled> {
  await until(async () => !['queued', 'in_progress'].includes((await poll(gateway, key, id)).status));
  return poll(gateway, key, id);
}

describe('a background response whose process is killed', () => {
  it('[charge.run-again] is run again by a replica, and charged once, for the run that ended', async () => {
    const [gateway, replica] = await Promise.all([start(), start()]);
    const { id: keyId, key } = await gateway.client.createKey({ budget_limit: '1000000' });
    const firstCall = nextCall();
    const { id } = (await (await request(gateway, key, '', {})).json()) as Polled;
    await firstCall;
    await until(async () => (await poll(replica, key, id)).status === 'in_progress');
    const secondCall = nextCall();
    await processes.killHolder(gateway);
    await answerDone(await secondCall);
    expect(await ended(replica, key, id)).toMatchObject({
      status: 'completed',
      output: [{ content: [{ text: 'Done.' }] }],
    });
    expect(upstream.requests).toHaveLength(2);
    expect(upstream.requests[1]?.body).toEqual(upstream.requests[0]?.body);
    expect(await receipts(processes.pool)).toEqual([{ finalAmount: 202, estimated: false }]);
    expect(await spentBy(processes.pool, keyId)).toBe(202);
    expect(await openHolds(processes.pool)).toEqual([]);
  });

  it('is compacted again by the replica, and charged for that once as well', async () => {
    const [gateway, replica] = await Promise.all([start(), start()]);
    const { id: keyId, key } = await gateway.client.createKey({ budget_limit: '1000000' });
    const input = [
      { role: 'user', content: 'A long story. '.repeat(400) },
      { role: 'assistant', content: 'I see.' },
      { role: 'user', content: 'And?' },
    ];
    const context_management = [{ type: 'compaction', compact_threshold: 1_000 }];
    upstream.next(completion('Lost.', chatUsage(100, 50)));
    const firstCall = nextCall();
    const { id } = (await (await request(gateway, key, '', { input, context_management })).json()) as Polled;
    await firstCall;
    await until(async () => (await poll(replica, key, id)).status === 'in_progress');
    upstream.next(completion('Told.', chatUsage(100, 50)));
    const secondCall = nextCall();
    await processes.killHolder(gateway);
    await answerDone(await secondCall);
    expect(await ended(replica, key, id)).toMatchObject({
      status: 'completed',
      output: [{ type: 'compaction' }, { content: [{ text: 'Done.' }] }],
    });
    expect(JSON.stringify(upstream.requests[3]?.body)).toContain('Told.');
    expect(await receipts(processes.pool)).toEqual([{ finalAmount: 404, estimated: false }]);
    expect(await spentBy(processes.pool, keyId)).toBe(404);
    expect(await openHolds(processes.pool)).toEqual([]);
  });

  it('is not run a third time', async () => {
    const gateways = await Promise.all([start(), start()]);
    const { key } = await gateways[0].client.createKey({ budget_limit: '1000000' });
    const firstCall = nextCall();
    const { id } = (await (await request(gateways[0], key, '', {})).json()) as Polled;
    await firstCall;
    await until(async () => (await poll(gateways[1], key, id)).status === 'in_progress');
    const secondCall = nextCall();
    await processes.killHolder(gateways[0]);
    await secondCall;
    const last = await start();
    await processes.killHolder(gateways[1]);
    expect(await ended(last, key, id)).toMatchObject({ status: 'failed', error: { code: 'server_error' } });
    expect(upstream.requests).toHaveLength(2);
    await until(async () => (await openHolds(processes.pool)).length === 0);
  });

  it('is not taken up for ever when its processes die before they have started it', async () => {
    const gateway = await start();
    const { key } = await gateway.client.createKey({ budget_limit: '1000000' });
    const call = nextCall();
    const { id } = (await (await request(gateway, key, '', {})).json()) as Polled;
    await call;
    await until(async () => (await poll(gateway, key, id)).status === 'in_progress');
    await processes.killHolder(gateway);
    await processes.pool.query(`UPDATE responses SET status = 'queued', runs = 4 WHERE id = $1`, [id]);
    const lastCall = nextCall();
    const last = await start();
    await lastCall;
    // Which it writes beside its call, and must not write after what is written by hand below.
    await until(async () => (await poll(last, key, id)).status === 'in_progress');
    await processes.killHolder(last);
    await processes.pool.query(`UPDATE responses SET status = 'queued', runs = 5 WHERE id = $1`, [id]);
    const next = await start();
    expect(await ended(next, key, id)).toMatchObject({ status: 'failed', error: { code: 'server_error' } });
    expect(upstream.requests).toHaveLength(2);
    await until(async () => (await openHolds(processes.pool)).length === 0);
  });

  it('fails when its events may have been seen, with what was recorded paid for', async () => {
    const [gateway, replica] = await Promise.all([start(), start()]);
    const { key } = await gateway.client.createKey({ budget_limit: '1000000' });
    const call = nextCall(sse(chatChunk({ role: 'assistant', content: 'word '.repeat(80) })));
    const stream = await request(gateway, key, '', { stream: true });
    const reader = stream.body?.getReader();
    const first = (await reader?.read())?.value as Uint8Array | undefined;
    const id = /resp_[0-9a-z]+/.exec(new TextDecoder().decode(first))?.[0] ?? '';
    await call;
    await until(async () =>
      (await openHolds(processes.pool)).some(({ outputTokens }) => outputTokens === 100),
    );
    await processes.killHolder(gateway);
    expect(await ended(replica, key, id)).toMatchObject({
      status: 'failed',
      error: { code: 'server_error' },
    });
    expect(await receipts(processes.pool)).toMatchObject([{ estimated: true }]);
    expect(upstream.requests).toHaveLength(1);
    const followed = await (await request(replica, key, `/${id}?stream=true`)).text();
    const frames = framesOf(followed);
    expect(frames.at(-1)?.data).toBe('[DONE]');
    expectLegalEvents(frames.slice(0, -1).map(({ data }) => data as Record<string, unknown>));
    expect(frames.at(-2)?.event).toBe('response.failed');
  });

  it('is taken up by the next start when there is no replica', async () => {
    const gateway = await start();
    const { key } = await gateway.client.createKey({ budget_limit: '1000000' });
    const firstCall = nextCall();
    const { id } = (await (await request(gateway, key, '', {})).json()) as Polled;
    await firstCall;
    await processes.killHolder(gateway);
    const next = await start();
    expect(await ended(next, key, id)).toMatchObject({ status: 'completed' });
    expect(await receipts(processes.pool)).toHaveLength(1);
  });
});

describe('a background response whose takeover takes longer than until the next look', () => {
  it('is run once by its process, which keeps what it runs', async () => {
    const gateway = await start();
    const { key } = await gateway.client.createKey({ budget_limit: '1000000' });
    const firstCall = nextCall();
    const { id } = (await (await request(gateway, key, '', {})).json()) as Polled;
    await firstCall;
    await processes.killHolder(gateway);
    const secondCall = nextCall();
    const lock = await processes.pool.connect();
    try {
      await lock.query('BEGIN');
      await lock.query('SELECT FROM holds FOR UPDATE');
      const next = await start();
      await until(claimWaitsBehindALook);
      await lock.query('COMMIT');
      const exchange = await secondCall;
      // A renewal gives back what its process does not run.
      for (let renewals = 0; renewals < 2; renewals += 1) {
        const before = await leaseEnds();
        await until(async () => (await leaseEnds()) > before);
      }
      expect(await openHolds(processes.pool)).toHaveLength(1);
      await answerDone(exchange);
      expect(await ended(next, key, id)).toMatchObject({ status: 'completed' });
    } finally {
      lock.release();
    }
    expect(await receipts(processes.pool)).toEqual([{ finalAmount: 202, estimated: false }]);
    expect(upstream.requests).toHaveLength(2);
  });

  /** A claim waits for the hold's row, and a look for what can be taken over has ended since. */
  async function claimWaitsBehindALook(): Promise<boolean> {
    const { rows } = await processes.pool.query<{ met: boolean }>(
      `SELECT EXISTS (
         SELECT FROM pg_stat_activity claim JOIN pg_stat_activity look ON look.query_start > claim.query_start
         WHERE claim.datname = current_database() AND look.datname = current_database()
           AND (claim.query LIKE 'WITH before AS%' OR claim.query LIKE 'SELECT * FROM sharded.adopt(%') AND claim.wait_event_type = 'Lock'
           AND (look.query LIKE 'SELECT r.id, r.hold_id%' OR look.query LIKE 'SELECT * FROM sharded.adoptable(%') AND look.state = 'idle') AS met`,
    );
    return rows[0]?.met === true;
  }

  async function leaseEnds(): Promise<number> {
    const { rows } = await processes.pool.query<{ ends: string }>(
      'SELECT extract(epoch FROM max(lease_expires_at)) AS ends FROM gateway_processes',
    );
    return Number(rows[0]?.ends);
  }
});

describe('a background response whose process drains', () => {
  it('is handed over to another replica rather than failed', async () => {
    const [gateway, replica] = await Promise.all([start({ SHUTDOWN_GRACE_MS: '200' }), start()]);
    const { key } = await gateway.client.createKey({ budget_limit: '1000000' });
    const firstCall = nextCall();
    const { id } = (await (await request(gateway, key, '', {})).json()) as Polled;
    await firstCall;
    const secondCall = nextCall();
    gateway.signal('SIGTERM');
    expect(await gateway.exited).toBe(0);
    await (
      await firstCall
    ).aborted;
    await answerDone(await secondCall);
    expect(await ended(replica, key, id)).toMatchObject({ status: 'completed' });
    expect(await receipts(processes.pool)).toEqual([{ finalAmount: 202, estimated: false }]);
    expect(await openHolds(processes.pool)).toEqual([]);
  });
});
