import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Pool } from 'pg';
import { expectSoundBooks } from '../../support/books.js';
import { chatChunk, chatUsage, sse, usageChunk } from '../../support/chat-wire.js';
import { OpenStream } from '../../support/gateway-client.js';
import { GatewayProcesses } from '../../support/gateway-processes.js';
import { fileFor } from '../../support/gateway.js';
import { receipts } from '../../support/ledger-state.js';
import { ReplicaPair } from '../../support/replica-pair.js';
import {
  startScriptedUpstream,
  type Exchange,
  type ScriptedUpstream,
} from '../../support/scripted-upstream.js';
import { until } from '../../support/until.js';

const END = [chatChunk({}, 'stop'), usageChunk(chatUsage(10, 5)), '[DONE]'];
const MESSAGES = [{ role: 'user', content: 'Hi' }];
const APIS = [
  ['/v1/chat/completions', { messages: MESSAGES }],
  ['/external/v1/responses', { input: 'Hi' }],
  ['/v1/messages', { max_tokens: 100, messages: MESSAGES }],
] as const;
const [CHAT] = APIS;

interface Place {
  readonly url: string;
}

let upstream: ScriptedUpstream;
let first: Place;
let second: Place;
let pool: Pool;
let key: string;

beforeAll(async () => {
  upstream = await startScriptedUpstream();
});
afterAll(() => upstream.close());
beforeEach(() => upstream.reset());

function send({ url }: Place, [path, body]: (typeof APIS)[number], signal?: AbortSignal): Promise<Response> {
  return fetch(url + path, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'idempotency-key': 'the-same' },
    body: JSON.stringify({ model: 'test-model', stream: true, ...body }),
    ...(signal && { signal }),
  });
}

async function join(gateway: Place, api: (typeof APIS)[number], signal?: AbortSignal) {
  return new OpenStream(await send(gateway, api, signal));
}

/** A stream of the first process that has said "Hello" and goes on. */
async function begin(
  api: (typeof APIS)[number],
  signal?: AbortSignal,
): Promise<{ readonly stream: OpenStream; readonly exchange: Exchange }> {
  const arrived = new Promise<Exchange>((resolve) => upstream.next(resolve));
  const answered = send(first, api, signal);
  const exchange = await arrived;
  await exchange.send(sse(chatChunk({ role: 'assistant', content: 'Hello' })));
  const stream = new OpenStream(await answered);
  await stream.shows('Hello');
  return { stream, exchange };
}

async function rows(table: string): Promise<number> {
  const found = await pool.query<{ count: number }>(`SELECT count(*)::int FROM ${table}`);
  return found.rows[0]?.count ?? -1;
}

async function nothingIsLeft(): Promise<boolean> {
  return (await rows('answer_frames')) + (await rows('answer_watches')) === 0;
}

async function expectOneCharge(): Promise<void> {
  expect(upstream.requests).toHaveLength(1);
  expect(await receipts(pool)).toHaveLength(1);
}

describe('a stream that runs once', () => {
  let pair: ReplicaPair;
  beforeEach(async () => {
    pair = await ReplicaPair.start(fileFor(upstream.url));
    [first, second, { pool }] = [pair.first, pair.second, pair.database];
    ({ key } = await pair.createKey({ budget_limit: '1000000' }));
  });
  afterEach(async () => {
    await pair.idle();
    await expectSoundBooks(pool);
    await pair.close();
  });

  it.each(APIS)(
    'shows what was said and what comes, to the letter, where it is joined: %s',
    async (...api) => {
      const leaving = new AbortController();
      const { stream, exchange } = await begin(api, leaving.signal);
      const joined = await join(second, api);
      await joined.shows('Hello');
      leaving.abort();
      await expect(stream.ended).rejects.toThrow();
      for (const word of ['brave', 'new', 'world']) {
        await exchange.send(sse(chatChunk({ content: ` ${word}` })));
        await joined.shows(` ${word}`);
      }
      const late = await join(second, api);
      await late.shows(' world');
      exchange.end(sse(chatChunk({ content: ' there' }), ...END));
      await Promise.all([joined.ended, late.ended]);
      const again = await send(first, api);
      const whole = await again.text();
      expect(whole).toContain(' there');
      expect([joined.text, late.text]).toEqual([whole, whole]);
      const id = 'x-compose-response-id';
      for (const { response } of [joined, late]) expect(response.headers.get(id)).toBe(again.headers.get(id));
      await expectOneCharge();
      await until(nothingIsLeft);
    },
  );

  it('writes no frames when it is joined where it runs', async () => {
    const { stream, exchange } = await begin(CHAT);
    const joined = await join(first, CHAT);
    await joined.shows('Hello');
    exchange.end(sse(...END));
    await Promise.all([stream.ended, joined.ended]);
    // A table has a size from its first row on.
    const sizes = await pool.query<{ bytes: number }>(
      `SELECT (pg_relation_size('answer_frames') + pg_relation_size('answer_watches'))::int AS bytes`,
    );
    expect(sizes.rows).toEqual([{ bytes: 0 }]);
    await expectOneCharge();
  });

  it('writes no more frames when nobody follows it elsewhere, and all of them for the next one', async () => {
    const { stream, exchange } = await begin(CHAT);
    const leaving = new AbortController();
    const joined = await join(second, CHAT, leaving.signal);
    await joined.shows('Hello');
    leaving.abort();
    await until(nothingIsLeft);
    await exchange.send(sse(chatChunk({ content: ' unheard' })));
    await stream.shows(' unheard');
    const next = await join(second, CHAT);
    await next.shows(' unheard');
    expect(next.text.startsWith(joined.text)).toBe(true);
    exchange.end(sse(...END));
    await Promise.all([stream.ended, next.ended]);
    expect(next.text).toBe(stream.text);
    await expectOneCharge();
  });
});

describe('a stream of another process', () => {
  const processes = GatewayProcesses.forEachTest({ LEASE_MS: '12000' });

  it('is shown while it runs, and is lost when that process dies', async () => {
    const file = fileFor(upstream.url);
    const [running, other] = await Promise.all([processes.start({ file }), processes.start({ file })]);
    [first, second, { pool }] = [running, other, processes];
    ({ key } = await running.client.createKey({ budget_limit: '1000000' }));
    const { stream, exchange } = await begin(CHAT);
    const joined = await join(second, CHAT);
    await joined.shows('Hello');
    await exchange.send(sse(chatChunk({ content: ' live' })));
    await joined.shows(' live');
    await processes.killHolder(running);
    await expect(stream.ended).rejects.toThrow();
    await joined.ended;
    expect(joined.text).toContain('its answer is not kept');
    await until(nothingIsLeft);
    await expectOneCharge();
  });
});
