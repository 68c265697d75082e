import { describe, expect, it } from '@jest/globals';
import { messagesOf, nextStalls } from '../../support/chat-scripts.js';
import { chatChunk, chatUsage, usageChunk } from '../../support/chat-wire.js';
import { until } from '../../support/until.js';
import { ADMIN_TOKEN } from '../../support/gateway.js';
import { isEnd, type Message } from './socket-client.js';
import { SocketFixture, WORKING } from './socket-fixture.js';
import { allEnded, begun, endedTurn, SILENT, steer, turnsOf } from './steering-client.js';

/** The statement that waits for the row that the test has locked. */
const WAITING = `
  SELECT FROM pg_stat_activity WHERE datname = current_database()
    AND query ~ 'charge_holds|INTO receipts' AND wait_event_type = 'Lock'`;
const FINISH = chatChunk({}, 'stop');

function isReceipt({ type }: Message): boolean {
  return type === 'compose.receipt';
}

describe('the money of a response that is steered', () => {
  const fixture = new SocketFixture();

  /** What the receipts of these responses, and the books of their key, say when nothing runs any more. */
  async function charged(ids: readonly string[]): Promise<Record<string, unknown>> {
    await fixture.gateway.idle();
    const { rows } = await fixture.gateway.pool.query<Record<string, unknown>>(
      `SELECT count(r.id)::int AS receipts, sum(r.final_amount) - k.budget_spent AS unexplained,
              k.budget_held, k.open_holds::int, k.budget_spent > 0 AS has_paid
       FROM receipts r JOIN api_keys k ON k.id = r.key_id WHERE r.response_id = ANY ($1) GROUP BY k.id`,
      [ids],
    );
    expect(rows).toHaveLength(1);
    return rows[0]!;
  }
  const sound = { unexplained: '0', budget_held: '0', open_holds: 0, has_paid: true };

  it('[charge.steered] is that of what it used, and of its successor, each with its receipt', async () => {
    const { upstream, gateway } = fixture;
    const key = (await gateway.createKey({ account: 'steerer', budget_limit: '1000000' })).key;
    const native = await fixture.open({ path: '/v1', key });
    const stalled = nextStalls(upstream, SILENT);
    upstream.next((exchange) => exchange.stream(WORKING, FINISH, usageChunk(chatUsage(100, 50))));
    native.create();
    await stalled;
    await steer(native, await begun(native), 'Be short');
    const responses = await allEnded(native, 2);
    await native.shows(isReceipt, native.messages.findLastIndex(isEnd));
    const shown = native.messages.filter(isReceipt);
    expect(shown.map(({ responseId }) => responseId)).toEqual(responses.map(({ id }) => id));
    // The receipt of the first is shown before the second begins.
    expect(turnsOf(native).map((turn) => turn.at(-1)?.type)).toEqual(['compose.receipt', 'compose.receipt']);
    expect(responses).toMatchObject([
      { status: 'incomplete', usage: { input_tokens: 1, output_tokens: 0, estimated: true } },
      { status: 'completed', usage: { input_tokens: 100, output_tokens: 50 } },
    ]);
    expect(await charged(responses.map(({ id }) => id))).toEqual({ receipts: 2, ...sound });
  });

  it('is settled before what is said in that moment is answered', async () => {
    const { client, upstream, gateway } = fixture;
    const stalled = nextStalls(upstream, WORKING);
    client.create();
    const exchange = await stalled;
    const id = await begun(client);
    const locker = await gateway.pool.connect();
    try {
      await locker.query('BEGIN');
      await locker.query('SELECT FROM api_keys FOR UPDATE');
      exchange.stream(FINISH);
      await until(async () => (await gateway.pool.query(WAITING)).rowCount === 1);
      client.send({ type: 'response.steer', previous_response_id: id, input: 'Be short' });
      // Messages are taken in their order, so the one before has been taken.
      await client.refusal('{}');
      expect(client.messages.some(({ type }) => type.startsWith('response.steer'))).toBe(false);
    } finally {
      await locker.query('ROLLBACK');
      locker.release();
    }
    await until(() => client.messages.filter(isEnd).length === 2);
    const about = client.messages.filter(({ type }) => type !== 'error');
    const end = about.findIndex(isEnd);
    expect(about.slice(end, end + 3).map(({ type }) => type)).toEqual([
      'response.completed',
      'response.steer.accepted',
      'response.created',
    ]);
    expect(endedTurn(about.slice(0, end + 2))).toMatchObject({ id, status: 'completed' });
  });

  it('is that of the first alone when its key is revoked meanwhile', async () => {
    const { upstream, gateway } = fixture;
    const { key, id: keyId } = await gateway.createKey({ account: 'revoked', budget_limit: '1000000' });
    const client = await fixture.open({ key });
    const stalled = nextStalls(upstream, WORKING);
    client.create();
    const exchange = await stalled;
    const id = await begun(client);
    await steer(client, id, 'Be short');
    const revoked = await fetch(`${gateway.url}/admin/keys/${keyId}`, {
      method: 'DELETE',
      headers: { authorization: `Bearer ${ADMIN_TOKEN}` },
    });
    expect(revoked.status).toBe(200);
    exchange.stream(FINISH);
    const failed = await client.shows(({ type }) => type === 'response.steer.failed');
    expect(failed).toMatchObject({
      steer: { previous_response_id: id, input: 'Be short' },
      error: { code: 'successor_creation_failed' },
    });
    expect(await charged([id])).toEqual({ receipts: 1, ...sound });
    expect(upstream.requests).toHaveLength(1);
  });

  it.each(['before the border', 'after it'])('of a client that hangs up %s is settled', async (when) => {
    const { upstream, gateway } = fixture;
    const { key } = await gateway.createKey({ account: when.replaceAll(' ', '-'), budget_limit: '1000000' });
    const client = await fixture.open({ key });
    const stalled = [nextStalls(upstream, WORKING), nextStalls(upstream, WORKING)] as const;
    client.create();
    let exchange = await stalled[0];
    const ids = [await begun(client)];
    await steer(client, ids[0]!, 'Be short');
    if (when === 'after it') {
      exchange.stream(FINISH);
      exchange = await stalled[1];
      ids.push(await begun(client, client.messages.findIndex(isEnd)));
    }
    client.socket.terminate();
    await exchange.aborted;
    expect(await charged(ids)).toEqual({ receipts: ids.length, ...sound });
    expect(upstream.requests).toHaveLength(ids.length);
    const stored = await fetch(`${gateway.url}/v1/responses/${ids.at(-1)}`, {
      headers: { authorization: `Bearer ${key}` },
    });
    expect(await stored.json()).toMatchObject({ status: 'cancelled' });
    expect(messagesOf(upstream.requests.at(-1)!)).toHaveLength(when === 'after it' ? 3 : 1);
  });
});

describe('a socket that has reached its age', () => {
  const fixture = new SocketFixture({ SOCKET_LIFETIME_MS: '15000', SHUTDOWN_GRACE_MS: '60000' });

  it('gives back what was said, begins no successor, and lets what runs end as if it had not been said', async () => {
    const { client, upstream } = fixture;
    const stalled = nextStalls(upstream, WORKING);
    client.create();
    const exchange = await stalled;
    const id = await begun(client);
    const accepted = await steer(client, id, 'Be short');
    const failed = await client.shows(({ type }) => type === 'response.steer.failed');
    expect(failed).toMatchObject({
      steer: { ...(accepted['steer'] as object), input: 'Be short' },
      error: { code: 'successor_creation_failed' },
    });
    expect((await steer(client, id, 'Too late'))['error']).toMatchObject({
      code: 'successor_creation_failed',
    });
    const call = { index: 0, id: 'call_1', type: 'function', function: { name: 'look', arguments: '{}' } };
    exchange.stream(chatChunk({ tool_calls: [call] }), chatChunk({}, 'tool_calls'));
    expect(await client.closed).toMatchObject({ code: 1000 });
    expect(endedTurn(client.messages)).toMatchObject({
      status: 'completed',
      output: [{ type: 'message' }, { type: 'function_call' }],
    });
    expect(upstream.requests).toHaveLength(1);
  });
});
