import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { nextStalls } from '../../support/chat-scripts.js';
import { chatAnswer, chatUsage } from '../../support/chat-wire.js';
import { CutProxy } from '../../support/cut-proxy.js';
import { fileFor, TestGateway, type CreatedKey } from '../../support/gateway.js';
import { openHolds } from '../../support/ledger-state.js';
import {
  startScriptedUpstream,
  type Exchange,
  type ScriptedUpstream,
} from '../../support/scripted-upstream.js';
import { createTestDatabase, type TestDatabase } from '../../support/test-database.js';
import { until } from '../../support/until.js';
import { expectBill, newPayer, tokenBill } from './bills.js';
import { call, endOfResponse, send, told, WHOLE, type Sent, type Way } from './ways.js';

/** A client waits for half of it; the other half is time for the database to come back before the lease ends. */
const LEASE_MS = 30_000;

let upstream: ScriptedUpstream;
let database: TestDatabase;
let proxy: CutProxy;
let gateway: TestGateway;

beforeEach(async () => {
  upstream = await startScriptedUpstream();
  database = await createTestDatabase();
  proxy = await CutProxy.before(database.url);
  gateway = await TestGateway.start({
    database: { ...database, url: proxy.url },
    environment: { LEASE_MS: String(LEASE_MS) },
    file: fileFor(upstream.url),
  });
});
afterEach(async () => {
  await gateway.close();
  await proxy.close();
  await database.drop();
  await upstream.close();
});

interface Running {
  readonly way: Way;
  readonly payer: CreatedKey;
  readonly answer: Promise<Response>;
  readonly exchange: Exchange;
}

/** A call that the upstream has not answered yet. */
async function running(way: Way, sent: Sent = {}): Promise<Running> {
  const payer = await newPayer(gateway);
  const stalled = nextStalls(upstream);
  const answer = send(way, gateway, payer.key, sent);
  answer.catch(() => undefined);
  return { way, payer, answer, exchange: await stalled };
}

const complete = ({ exchange }: Running): void =>
  exchange.json(chatAnswer({ content: 'Hello' }, 'stop', { usage: chatUsage(100, 50) }));

async function databaseIsBack(): Promise<void> {
  proxy.mend();
  const endless = 'SELECT FROM responses WHERE finished_at IS NULL';
  await until(async () => (await database.pool.query(endless)).rowCount === 0);
  await until(async () => (await openHolds(database.pool)).length === 0);
  await gateway.idle();
}

describe('[charge.not-written] settlement impossible: nothing', () => {
  it('for whole answers, whose clients are told 503; what is kept for its client is charged when it can be', async () => {
    const calls = [];
    for (const way of WHOLE) calls.push(await running(way));
    calls.push(await running(WHOLE[0]!, { base: '/external/v1' }));
    const accepted = calls.filter(({ way }) => way.background);
    const ids = await Promise.all(
      accepted.map(async ({ answer }) => ((await (await answer).json()) as { id: string }).id),
    );
    const once = { headers: { 'idempotency-key': 'once' } };
    const repeated = await running(WHOLE[0]!, once);
    const leaving = new AbortController();
    const left = await running(WHOLE[0]!, { signal: leaving.signal });
    proxy.cut();
    [...calls, repeated].forEach(complete);
    leaving.abort();
    const waiting = calls.filter(({ way }) => !way.background);
    for (const { way, payer, answer } of waiting) {
      const { status, code, receipt } = await told(way, gateway, payer.key, await answer);
      expect([status, code, receipt]).toEqual([503, 'service_unavailable', undefined]);
    }
    expect((await repeated.answer).status).toBe(503);
    await databaseIsBack();
    for (const { payer } of waiting) await expectBill(gateway, payer, 'nothing');
    for (const [index, { payer }] of accepted.entries()) {
      const { receipt } = await endOfResponse(gateway, payer.key, ids[index]!);
      await expectBill(gateway, payer, tokenBill(100, 50, false), receipt);
    }
    await expectBill(gateway, left.payer, tokenBill(1, 0, true));
    const again = await call(repeated.way, gateway, repeated.payer.key, once);
    await expectBill(gateway, repeated.payer, tokenBill(100, 50, false), again.receipt);
    expect(upstream.requests).toHaveLength(WHOLE.length + 3);
    const { rows } = await database.pool.query(
      'SELECT status, background FROM responses ORDER BY background',
    );
    expect(rows).toEqual([
      { status: 'failed', background: false },
      { status: 'completed', background: true },
    ]);
  });

  it('for calls that cannot be held for: nothing is sent upstream', async () => {
    const payer = await newPayer(gateway);
    proxy.cut();
    for (const way of WHOLE) expect((await call(way, gateway, payer.key)).status).toBe(503);
    await databaseIsBack();
    expect(upstream.requests).toHaveLength(0);
    await expectBill(gateway, payer, 'nothing');
  });
});
