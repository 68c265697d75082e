import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { newId } from '../../../src/base/ids.js';
import { expectSoundBooks } from '../../support/books.js';
import { chatChunk, chatUsage, sse, usageChunk } from '../../support/chat-wire.js';
import { GatewayClient } from '../../support/gateway-client.js';
import { fileFor, TestGateway, type CreatedKey } from '../../support/gateway.js';
import { receipts } from '../../support/ledger-state.js';
import { completion, startScriptedUpstream, type ScriptedUpstream } from '../../support/scripted-upstream.js';
import { until } from '../../support/until.js';

let upstream: ScriptedUpstream;
let gateway: TestGateway;
let created: CreatedKey;
let account: string;
let closedClients = 0;

beforeAll(async () => {
  upstream = await startScriptedUpstream();
  gateway = await TestGateway.start({
    environment: { IDEMPOTENCY_WAIT_MS: '0' },
    file: fileFor(upstream.url, { provider: { max_connections: 200 } }),
  });
  gateway.server.on('connection', (socket) => {
    socket.once('close', () => (closedClients += 1));
  });
});
beforeEach(async () => {
  upstream.reset();
  account = newId('key');
  created = await gateway.createKey({ account, budget_limit: '1000000' });
});
afterEach(() => expectSoundBooks(gateway.pool));
afterAll(async () => {
  await gateway.close();
  await upstream.close();
});

interface Call {
  readonly path?: string;
  readonly key?: string;
  readonly header?: string;
  readonly signal?: AbortSignal;
}

/** A request that says which one it is. */
function send(name: string, body: object, { path = '/v1/chat/completions', key, header, signal }: Call = {}) {
  const chat = { model: 'test-model', messages: [{ role: 'user', content: 'Hi' }] };
  const response = { model: 'test-model', input: 'Hi' };
  return fetch(`${gateway.url}${path}`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${key ?? created.key}`,
      [header ?? 'idempotency-key']: name,
    },
    body: JSON.stringify({ ...(path.includes('chat') ? chat : response), ...body }),
    ...(signal && { signal }),
  });
}

/** Frames without the comments that keep a connection alive. */
function frames(text: string): string {
  return text.replace(/^: ping\n\n/gm, '');
}

async function errorOf(answer: Response) {
  const { error } = (await answer.json()) as { error: { code: string; param: string | null } };
  return { status: answer.status, code: error.code };
}

const budgetHeaders = (answer: Response): string[] =>
  [...answer.headers].filter(([name]) => name.startsWith('x-compose-key')).map(String);

const stream = [
  chatChunk({ role: 'assistant', content: 'Hel' }),
  chatChunk({ content: 'lo' }),
  chatChunk({}, 'stop'),
  usageChunk(chatUsage(10, 5)),
];

const ROUTES = [
  '/v1/chat/completions',
  '/external/v1/chat/completions',
  '/v1/responses',
  '/external/v1/responses',
];

describe.each(ROUTES)('a request to %s that is sent again', (path) => {
  it('gets the same whole answer, while nothing runs and nothing is charged', async () => {
    const first = await send('again', {}, { path });
    const text = await first.text();
    const again = await send('again', {}, { path });
    expect(again.status).toBe(200);
    expect(await again.text()).toBe(text);
    expect(again.headers.get('content-type')).toBe(first.headers.get('content-type'));
    expect(again.headers.get('x-compose-receipt')).toBe(first.headers.get('x-compose-receipt'));
    expect(budgetHeaders(again)).toEqual(budgetHeaders(first));
    expect(again.headers.get('x-request-id')).not.toBe(first.headers.get('x-request-id'));
    expect(first.headers.get('x-compose-idempotent-replay')).toBeNull();
    expect(again.headers.get('x-compose-idempotent-replay')).toBe(path.startsWith('/v1') ? 'true' : null);
    expect(upstream.requests).toHaveLength(1);
    expect(await receipts(gateway.pool, created.id)).toHaveLength(1);
  });

  it('gets the same frames, receipt and all', async () => {
    upstream.always((exchange) => exchange.stream(...stream));
    const first = await send('stream', { stream: true }, { path });
    const text = frames(await first.text());
    const again = await send('stream', { stream: true }, { path });
    expect(frames(await again.text())).toBe(text);
    expect(text).toContain('lo');
    expect(text.includes('event: compose.receipt')).toBe(path.startsWith('/v1'));
    expect(again.headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
    expect(budgetHeaders(again)).toEqual(budgetHeaders(first));
    expect(upstream.requests).toHaveLength(1);
    expect(await receipts(gateway.pool, created.id)).toHaveLength(1);
  });

  it('gets the frames of a stream that broke off and was charged', async () => {
    upstream.always(async (exchange) => {
      await exchange.send(sse(chatChunk({ role: 'assistant', content: 'Hello' })));
      exchange.breakConnection();
    });
    const text = frames(await (await send('broken', { stream: true }, { path })).text());
    expect(frames(await (await send('broken', { stream: true }, { path })).text())).toBe(text);
    // A Response has OpenAI's own codes.
    expect(text).toContain(path.endsWith('/responses') ? '"code":"server_error"' : 'upstream_');
    expect(upstream.requests).toHaveLength(1);
    expect(await receipts(gateway.pool, created.id)).toHaveLength(1);
  });

  it('runs again when the first one cost nothing', async () => {
    upstream.next((exchange) => exchange.json({ error: { message: 'no' } }, 400));
    expect((await send('free', {}, { path })).status).toBe(400);
    expect((await send('free', {}, { path })).status).toBe(200);
    expect(upstream.requests).toHaveLength(2);
    expect(await receipts(gateway.pool, created.id)).toHaveLength(1);
  });
});

describe('an idempotency key', () => {
  it('belongs to one request: another body, path or surface is a conflict that SDKs do not retry', async () => {
    await (await send('one', { user: 'a', seed: 1 })).text();
    for (const [body, path] of [
      [{ user: 'b', seed: 1 }, undefined],
      [{ user: 'a', seed: 1, stream: true }, undefined],
      [{ user: 'a', seed: 1 }, '/external/v1/chat/completions'],
    ] as const) {
      const answer = await send('one', body, path ? { path } : {});
      expect(answer.headers.get('x-should-retry')).toBe('false');
      expect(await errorOf(answer)).toEqual({ status: 409, code: 'idempotency_conflict' });
    }
    const same = await send('one', { seed: 1, user: 'a' }, { header: 'x-idempotency-key' });
    expect(same.headers.get('x-compose-idempotent-replay')).toBe('true');
    expect(upstream.requests).toHaveLength(1);
  });

  it('belongs to the account: its other keys get the answer, another account runs its own', async () => {
    const colleague = await gateway.createKey({ account, budget_limit: '1000000' });
    const stranger = await gateway.createKey({ account: 'other', budget_limit: '1000000' });
    const text = await (await send('mine', {})).text();
    expect(await (await send('mine', {}, { key: colleague.key })).text()).toBe(text);
    expect(upstream.requests).toHaveLength(1);
    expect(await (await send('mine', {}, { key: stranger.key })).text()).not.toBe(text);
    expect(upstream.requests).toHaveLength(2);
    expect(await receipts(gateway.pool, colleague.id)).toHaveLength(0);
    expect(await receipts(gateway.pool, stranger.id)).toHaveLength(1);
  });

  it('says nothing to a key that is revoked', async () => {
    await (await send('gone', {})).text();
    await new GatewayClient(gateway.url).admin(`/admin/keys/${created.id}`, 'DELETE');
    expect(await errorOf(await send('gone', {}))).toEqual({ status: 401, code: 'revoked_api_key' });
  });

  it('gives its answer also when the key may not use the model any more', async () => {
    await (await send('model', {})).text();
    const client = new GatewayClient(gateway.url);
    await client.admin(`/admin/keys/${created.id}`, 'PATCH', { allowed_models: ['sandbox/echo'] });
    expect((await send('model', {})).status).toBe(200);
    expect((await send('model-2', {})).status).toBe(403);
    expect((await send('model-2', {})).status).toBe(403);
  });

  it.each(['', 'x'.repeat(201)])('that is empty or too long is refused', async (name) => {
    expect(await errorOf(await send(name, {}))).toEqual({ status: 400, code: 'invalid_value' });
    expect(upstream.requests).toHaveLength(0);
  });

  it('of 200 characters, also odd ones, is taken', async () => {
    const name = 'ÿ~"'.padEnd(200, 'x');
    const text = await (await send(name, {})).text();
    expect(await (await send(name, {})).text()).toBe(text);
  });

  it('is forgotten after 24 hours', async () => {
    await (await send('old', {})).text();
    const age = (by: string): Promise<unknown> =>
      gateway.pool.query(
        `UPDATE idempotency_records SET created_at = now() - $1::interval WHERE key = 'old'`,
        [by],
      );
    await age('23 hours 59 minutes');
    await (await send('old', {})).text();
    expect(upstream.requests).toHaveLength(1);
    await age('24 hours');
    expect((await send('old', { user: 'another request' })).status).toBe(200);
    expect(upstream.requests).toHaveLength(2);
    expect(await receipts(gateway.pool, created.id)).toHaveLength(2);
  });

  it('lets a key with too small a budget try again, and counts nothing for it', async () => {
    const { key } = await gateway.createKey({ account: 'poor', budget_limit: '10' });
    expect((await send('poor', {}, { key })).status).toBe(402);
    expect((await send('poor', {}, { key })).status).toBe(402);
    const { rows } = await gateway.pool.query(`SELECT FROM idempotency_records WHERE key = 'poor'`);
    expect(rows).toHaveLength(0);
  });
});

describe('while the first request runs', () => {
  it('another one is told to wait, and gets the answer after that', async () => {
    let finish: () => void = () => undefined;
    const mayFinish = new Promise<void>((resolve) => (finish = resolve));
    upstream.next(async (exchange) => {
      await mayFinish;
      await completion('Hello')(exchange);
    });
    const first = send('slow', {});
    await upstream.arrived(0);
    const second = await send('slow', {});
    expect(second.headers.get('retry-after')).toBe('1');
    expect(await errorOf(second)).toEqual({ status: 409, code: 'idempotency_in_flight' });
    finish();
    const text = await (await first).text();
    expect(await (await send('slow', {})).text()).toBe(text);
    expect(upstream.requests).toHaveLength(1);
  });

  it.each([true, false])(
    '[charge.left-with-idempotency-key] its client may leave (streamed: %s): a retry finds the whole answer',
    async (streamed) => {
      let finish: () => void = () => undefined;
      const mayFinish = new Promise<void>((resolve) => (finish = resolve));
      upstream.next(async (exchange) => {
        if (streamed) await exchange.send(sse(stream[0]));
        await mayFinish;
        if (!streamed) return completion('Hello', chatUsage(10, 5))(exchange);
        return exchange.end(sse(...stream.slice(1), '[DONE]'));
      });
      const leaving = new AbortController();
      const first = send('left', { stream: streamed }, { signal: leaving.signal });
      first.catch(() => undefined);
      await upstream.arrived(0);
      if (streamed) await first;
      const before = closedClients;
      leaving.abort();
      await until(() => closedClients > before);
      expect((await send('left', { stream: streamed })).status).toBe(409);
      finish();
      await gateway.idle();
      const retry = await (await send('left', { stream: streamed })).text();
      expect(retry).toContain(streamed ? '"lo"' : 'Hello');
      expect(retry).toContain(streamed ? 'compose.receipt' : 'compose_receipt');
      expect(upstream.requests).toHaveLength(1);
      // Measured, not estimated: nobody broke it off.
      expect(await receipts(gateway.pool, created.id)).toEqual([{ finalAmount: 21, estimated: false }]);
    },
  );

  it('fifty that come together make one upstream call, one charge, and one answer for all', async () => {
    const other = await gateway.createKey({ account, budget_limit: '1000000' });
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, index) =>
        send('race', {}, { key: index % 2 === 0 ? created.key : other.key }),
      ),
    );
    const bodies = await Promise.all(answers.map((answer) => answer.text()));
    const given = bodies.filter((_, index) => answers[index]?.status === 200);
    expect(new Set(given).size).toBe(1);
    answers
      .filter(({ status }) => status !== 200)
      .forEach(({ status }) => {
        expect(status).toBe(409);
      });
    expect(await (await send('race', {})).text()).toBe(given[0]);
    expect(upstream.requests).toHaveLength(1);
    const all = await Promise.all([created.id, other.id].map((id) => receipts(gateway.pool, id)));
    expect(all.flat()).toHaveLength(1);
  });
});
