import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import OpenAI from 'openai';
import type { QueryConfig } from 'pg';
import { RunningCalls } from '../../../src/payments/running-calls.js';
import { Database } from '../../../src/storage/database.js';
import { expectSoundBooks } from '../../support/books.js';
import { chatChunk, chatUsage, sse, usageChunk } from '../../support/chat-wire.js';
import { fileFor, TestGateway, type CreatedKey } from '../../support/gateway.js';
import { receipts } from '../../support/ledger-state.js';
import { expectLegalEvents } from '../../support/response-event-checker.js';
import {
  startScriptedUpstream,
  type Exchange,
  type ScriptedUpstream,
} from '../../support/scripted-upstream.js';
import { framesOf } from '../../support/sse-frames.js';
import { createTestDatabase, type TestDatabase } from '../../support/test-database.js';
import { until } from '../../support/until.js';

const BEGINNING = sse(chatChunk({ role: 'assistant', content: 'One' }), chatChunk({ content: ' two' }));
const REST = sse(
  chatChunk({ content: ' three' }),
  chatChunk({}, 'stop'),
  usageChunk(chatUsage(100, 50)),
  '[DONE]',
);
const HELLO = { model: 'test-model', input: 'Hello', background: true } as const;

let upstream: ScriptedUpstream;
let database: TestDatabase;
let one: TestGateway;
let other: TestGateway;
let created: CreatedKey;

beforeAll(async () => {
  upstream = await startScriptedUpstream();
  database = await createTestDatabase();
  const options = { file: fileFor(upstream.url), database };
  [one, other] = await Promise.all([TestGateway.start(options), TestGateway.start(options)]);
});
beforeEach(async () => {
  upstream.reset();
  created = await one.createKey({ budget_limit: '1000000' });
});
afterEach(() => expectSoundBooks(database.pool));
afterAll(async () => {
  await Promise.all([one.close(), other.close()]);
  await database.drop();
  await upstream.close();
});

function clientOf(gateway: TestGateway): OpenAI {
  return new OpenAI({ apiKey: created.key, baseURL: `${gateway.url}/external/v1`, maxRetries: 0 });
}

/** Lets the upstream say something and then wait for the test. */
function speaking(): Promise<Exchange> {
  return new Promise((resolve) => {
    upstream.next(async (exchange) => {
      if (exchange.request.body.stream === true) await exchange.send(BEGINNING);
      resolve(exchange);
    });
  });
}

async function follow(gateway: TestGateway, id: string, query = '', base = '/external/v1'): Promise<string> {
  const response = await fetch(`${gateway.url}${base}/responses/${id}?stream=true${query}`, {
    headers: { authorization: `Bearer ${created.key}` },
  });
  expect(response.status).toBe(200);
  expect(response.headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
  return response.text();
}

function numbered(text: string): { sequence_number: number; type: string }[] {
  return framesOf(text)
    .slice(0, -1)
    .map(({ data }) => data as { sequence_number: number; type: string });
}

describe('a background response', () => {
  it('is accepted at once, goes on without its client, and can be polled on any replica', async () => {
    const exchange = speaking();
    const accepted = await clientOf(one).responses.create(HELLO);
    expect(accepted).toMatchObject({ status: 'queued', background: true, output: [], usage: null });
    const upstreamCall = await exchange;
    const poll = (): Promise<OpenAI.Responses.Response> => clientOf(other).responses.retrieve(accepted.id);
    await until(async () => (await poll()).status === 'in_progress');
    expect(await receipts(database.pool, created.id)).toEqual([]);
    upstreamCall.end(REST);
    await until(async () => (await poll()).status === 'completed');
    const ended = await poll();
    expect(ended).toMatchObject({ output_text: 'One two three', created_at: accepted.created_at });
    expect(await receipts(database.pool, created.id)).toEqual([{ finalAmount: 202, estimated: false }]);
    expect(await clientOf(one).responses.cancel(accepted.id)).toEqual(
      expect.objectContaining({ status: 'completed' }),
    );
  });

  it('is refused like any other when nothing pays for it, and is never stored then', async () => {
    created = await one.createKey({ budget_limit: '1' });
    await expect(clientOf(one).responses.create(HELLO)).rejects.toMatchObject({
      status: 402,
      code: 'insufficient_budget',
    });
    await expect(clientOf(one).responses.create({ ...HELLO, store: false })).rejects.toMatchObject({
      status: 400,
      param: 'background',
    });
    const { rows } = await database.pool.query('SELECT id FROM responses WHERE finished_at IS NULL');
    expect(rows).toEqual([]);
  });

  it('keeps what had been said when it is cancelled, also where nobody asked for a stream', async () => {
    const exchange = speaking();
    const { id } = await clientOf(one).responses.create(HELLO);
    const upstreamCall = await exchange;
    expect(upstreamCall.request.body).toMatchObject({ stream: true });
    await until(() =>
      one.app
        .get(RunningCalls)
        .progress()
        .some(({ outputTokens }) => outputTokens > 1),
    );
    const cancelled = await clientOf(other).responses.cancel(id);
    await upstreamCall.aborted;
    expect(cancelled).toMatchObject({
      status: 'cancelled',
      output: [{ status: 'incomplete', content: [{ text: 'One two' }] }],
    });
    expect((await clientOf(one).responses.retrieve(id)).output).toEqual(cancelled.output);
    // The input, and both words.
    expect(await receipts(database.pool, created.id)).toEqual([
      { finalAmount: 1 + 2 * 2 + 1, estimated: true },
    ]);
  });

  it('is cancelled through any replica, within moments, and tells so where it is followed', async () => {
    const exchange = speaking();
    const stream = await clientOf(one).responses.create({ ...HELLO, stream: true });
    const events: OpenAI.Responses.ResponseStreamEvent[] = [];
    let id = '';
    for await (const event of stream) {
      events.push(event);
      if (event.type === 'response.created') id = event.response.id;
      if (event.type !== 'response.output_text.delta' || event.delta !== ' two') continue;
      const cancelled = await clientOf(other).responses.cancel(id);
      expect(cancelled).toMatchObject({
        status: 'cancelled',
        output: [{ status: 'incomplete', content: [{ text: 'One two' }] }],
      });
    }
    await (
      await exchange
    ).aborted;
    expectLegalEvents(events);
    expect(events.at(-1)).toMatchObject({ type: 'response.incomplete', response: { status: 'cancelled' } });
    expect(await clientOf(other).responses.cancel(id)).toMatchObject({ status: 'cancelled' });
    expect(await receipts(database.pool, created.id)).toHaveLength(1);
  });
});

describe('a background stream', () => {
  it('goes on when its client is gone, and is resumed on another replica without gap or repetition', async () => {
    const exchange = speaking();
    const stream = await clientOf(one).responses.create({ ...HELLO, stream: true });
    const seen: OpenAI.Responses.ResponseStreamEvent[] = [];
    for await (const event of stream) {
      seen.push(event);
      if (event.type === 'response.output_text.delta') break;
    }
    const { id } = (seen[0] as OpenAI.Responses.ResponseCreatedEvent).response;
    const resumed = await clientOf(other).responses.retrieve(id, {
      stream: true,
      starting_after: seen.at(-1)?.sequence_number ?? 0,
    });
    (await exchange).end(REST);
    for await (const event of resumed) seen.push(event);
    expectLegalEvents(seen);
    expect(seen.at(-1)).toMatchObject({ type: 'response.completed', response: { status: 'completed' } });
    const stored = await clientOf(one).responses.retrieve(id);
    expect(stored.output_text).toBe('One two three');
  });

  it('replays to the letter from every position, and natively with its receipt', async () => {
    const exchange = speaking();
    const { id } = await clientOf(one)
      .responses.create({ ...HELLO, stream: true })
      .then(async (stream) => {
        for await (const event of stream) if (event.type === 'response.created') return event.response;
        throw new Error('no first event');
      });
    (await exchange).end(REST);
    const whole = await follow(other, id);
    const events = numbered(whole);
    expectLegalEvents(events);
    const frames = whole.split('\n\n').slice(0, -1);
    for (let position = 0; position < events.length; position += 1) {
      const rest = await follow(position % 2 === 0 ? one : other, id, `&starting_after=${position}`);
      expect(rest.split('\n\n').slice(0, -1)).toEqual(frames.slice(position + 1));
    }
    const native = framesOf(await follow(one, id, '', '/v1'));
    expect(native.map(({ event }) => event).slice(-3)).toEqual([
      'response.completed',
      'compose.receipt',
      undefined,
    ]);
    expect(native.at(-3)?.data).toMatchObject({ response: { compose_receipt: { final_amount_wei: '202' } } });
  });

  it('shows its end alone to whoever names an event that never was', async () => {
    const exchange = speaking();
    const stream = await clientOf(one).responses.create({ ...HELLO, stream: true });
    let id = '';
    for await (const event of stream) {
      if (event.type === 'response.created') ({ id } = event.response);
      if (event.type === 'response.output_text.delta') break;
    }
    const meanwhile = follow(other, id, '&starting_after=5000');
    (await exchange).end(REST);
    const running = framesOf(await meanwhile);
    const afterwards = framesOf(await follow(one, id, '&starting_after=5000'));
    expect(running).toEqual(afterwards);
    expect(running.map(({ event }) => event)).toEqual(['response.completed', undefined]);
    const response = await clientOf(one).responses.retrieve(id);
    expect(running[0]?.data).toMatchObject({
      sequence_number: 5001,
      response: { id, output: response.output },
    });
    const native = framesOf(await follow(one, id, '&starting_after=999999999', '/v1'));
    expect(native.map(({ event }) => event)).toEqual(['response.completed', 'compose.receipt', undefined]);
    expect(native[0]?.data).toMatchObject({ response: { compose_receipt: { final_amount_wei: '202' } } });
  });

  it('is followed by many at once, each with everything', async () => {
    const exchange = speaking();
    const stream = await clientOf(one).responses.create({ ...HELLO, stream: true });
    const iterator = stream[Symbol.asyncIterator]();
    const first = (await iterator.next()).value as OpenAI.Responses.ResponseCreatedEvent;
    const followers = Array.from({ length: 20 }, (_, index) =>
      follow(index % 2 === 0 ? one : other, first.response.id),
    );
    (await exchange).end(REST);
    const texts = new Set(await Promise.all(followers));
    expect(texts.size).toBe(1);
    await iterator.return?.();
  });

  it('is not read over and over by who waits for what comes next', async () => {
    const exchange = speaking();
    const { id } = await clientOf(one)
      .responses.create({ ...HELLO, stream: true })
      .then(async (stream) => {
        for await (const event of stream) if (event.type === 'response.created') return event.response;
        throw new Error('no first event');
      });
    const query = jest.spyOn(other.app.get(Database).pool, 'query');
    const texts = (): readonly string[] =>
      query.mock.calls.map(([given]) => (given as unknown as Partial<QueryConfig>).text ?? '');
    const following = follow(other, id);
    const looks = (): number => texts().filter((text) => text.includes('FROM responses')).length;
    await until(() => looks() > 8);
    expect(texts().filter((text) => text.includes('r.envelope'))).toHaveLength(1);
    query.mockRestore();
    (await exchange).end(REST);
    expectLegalEvents(numbered(await following));
  });

  it('fails in its log, its object and its price alike when its upstream breaks', async () => {
    const exchange = speaking();
    const accepted = await clientOf(one).responses.create({ ...HELLO, stream: true });
    const iterator = accepted[Symbol.asyncIterator]();
    const first = (await iterator.next()).value as OpenAI.Responses.ResponseCreatedEvent;
    const { id } = first.response;
    const following = follow(other, id);
    (await exchange).breakConnection();
    // The official client throws at the error event; what it is made of is for raw eyes.
    const events = numbered(await following);
    await iterator.return?.();
    expectLegalEvents(events);
    expect(events.slice(-2).map(({ type }) => type)).toEqual(['error', 'response.failed']);
    const native = framesOf(await follow(one, id, '', '/v1'));
    expect(native.slice(-4).map(({ event }) => event)).toEqual([
      'response.failed',
      'compose.error',
      'compose.receipt',
      undefined,
    ]);
    expect(await clientOf(other).responses.retrieve(id)).toMatchObject({
      status: 'failed',
      error: { code: 'server_error' },
      output_text: 'One two',
    });
    expect(await receipts(database.pool, created.id)).toMatchObject([{ estimated: true }]);
  });
});
