import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { newId } from '../../../src/base/ids.js';
import { AwaitedEnds } from '../../../src/payments/once/awaited-ends.js';
import { chatAnswer, chatChunk, chatUsage, sse, usageChunk } from '../../support/chat-wire.js';
import { expectSoundBooks } from '../../support/books.js';
import { OpenStream } from '../../support/gateway-client.js';
import { fileFor, type TestGateway } from '../../support/gateway.js';
import { receipts } from '../../support/ledger-state.js';
import { ReplicaPair } from '../../support/replica-pair.js';
import {
  refusal,
  startScriptedUpstream,
  type Exchange,
  type ScriptedUpstream,
} from '../../support/scripted-upstream.js';
import { until } from '../../support/until.js';

const TWINS = 50;
const END = [chatChunk({}, 'stop'), usageChunk(chatUsage(10, 5)), '[DONE]'];

let upstream: ScriptedUpstream;
let pair: ReplicaPair;
let key: string;
let keyId: string;

beforeAll(async () => {
  upstream = await startScriptedUpstream();
  pair = await ReplicaPair.start(fileFor(upstream.url));
});
beforeEach(async () => {
  upstream.reset();
  ({ key, id: keyId } = await pair.createKey({ account: newId('key'), budget_limit: '1000000' }));
});
afterEach(() => expectSoundBooks(pair.database.pool));
afterAll(async () => {
  await pair.close();
  await upstream.close();
});

const APIS = [
  ['/v1/chat/completions', { messages: [{ role: 'user', content: 'Hi' }] }],
  ['/external/v1/chat/completions', { messages: [{ role: 'user', content: 'Hi' }] }],
  ['/v1/responses', { input: 'Hi' }],
  ['/v1/messages', { max_tokens: 100, messages: [{ role: 'user', content: 'Hi' }] }],
] as const;

function send(replica: TestGateway, path: string, body: object, signal?: AbortSignal): Promise<Response> {
  return fetch(replica.url + path, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'idempotency-key': 'the-same' },
    body: JSON.stringify({ model: 'test-model', ...body }),
    ...(signal && { signal }),
  });
}

/** Scripts the next request. Resolves with it when it has come; nothing has been answered then. */
function nextRequest(): Promise<Exchange> {
  return new Promise((resolve) => upstream.next(resolve));
}

function finish(exchange: Exchange, stream: boolean): void {
  if (stream) exchange.end(sse(chatChunk({ content: ' there' }), ...END));
  else exchange.json(chatAnswer({ content: 'Hello there' }, 'stop', { usage: chatUsage(10, 5) }));
}

/** Without comments and pings, which depend on time. */
function said(text: string): string {
  return text.replace(/^(?:: .*|event: ping\ndata: .*)\n\n/gm, '');
}

async function expectOneCharge(): Promise<void> {
  expect(upstream.requests).toHaveLength(1);
  expect(await receipts(pair.database.pool, keyId)).toHaveLength(1);
}

describe.each(APIS)('%s, sent fifty times over two replicas while the first runs', (path, body) => {
  it.each([true, false])('is one call with fifty equal answers; streamed: %s', async (stream) => {
    const arrived = nextRequest();
    const sent = Array.from({ length: TWINS }, (_, index) =>
      send(pair.replicas[index % 2]!, path, { ...body, stream }),
    );
    const exchange = await arrived;
    if (stream) await exchange.send(sse(chatChunk({ role: 'assistant', content: 'Hello' })));
    const late = send(pair.second, path, { ...body, stream });
    finish(exchange, stream);
    const answers = await Promise.all([...sent, late]);
    expect(answers.map(({ status }) => status)).toEqual(Array<number>(TWINS + 1).fill(200));
    const texts = await Promise.all(answers.map(async (answer) => said(await answer.text())));
    expect(new Set(texts).size).toBe(1);
    expect(texts[0]).toContain(stream ? ' there' : 'Hello there');
    const replayed = answers.filter(({ headers }) => headers.get('x-compose-idempotent-replay') === 'true');
    expect(replayed).toHaveLength(path.startsWith('/v1') ? TWINS : 0);
    await expectOneCharge();
  });
});

describe('a stream that is joined at the replica where it runs', () => {
  it('shows what was said so far, and then what comes, also when the first client leaves', async () => {
    const [path, body] = APIS[0];
    const arrived = nextRequest();
    const leaving = new AbortController();
    const first = send(pair.first, path, { ...body, stream: true }, leaving.signal);
    const exchange = await arrived;
    await exchange.send(sse(chatChunk({ role: 'assistant', content: 'Hello' })));
    const stream = new OpenStream(await first);
    await stream.shows('Hello');
    const joined = new OpenStream(await send(pair.first, path, { ...body, stream: true }));
    await joined.shows('Hello');
    leaving.abort();
    await expect(stream.ended).rejects.toThrow();
    await exchange.send(sse(chatChunk({ content: ' live' })));
    await joined.shows(' live');
    finish(exchange, true);
    expect((await joined.frames()).at(-1)?.data).toBe('[DONE]');
    await pair.idle();
    await expectOneCharge();
  });
});

describe('a call that fails without a charge while others wait for it', () => {
  it.each([
    [false, [200]],
    // A stream that has waited cannot become another one.
    [true, [409, 200]],
  ])('is made by one of them, or by the next; streamed: %s', async (stream, statuses) => {
    const [path, body] = APIS[0];
    const arrived = nextRequest();
    const first = send(pair.first, path, { ...body, stream });
    const exchange = await arrived;
    const second = send(pair.second, path, { ...body, stream });
    refusal(400)(exchange);
    expect((await first).status).toBe(400);
    expect(statuses).toContain((await second).status);
    expect((await send(pair.second, path, { ...body, stream })).status).toBe(200);
  });
});

describe('a key that waits for its twin', () => {
  it('is told that it still runs when the wait has an end', async () => {
    const impatient = await ReplicaPair.start(fileFor(upstream.url), { IDEMPOTENCY_WAIT_MS: '1' });
    ({ key } = await impatient.createKey({ account: newId('key'), budget_limit: '1000000' }));
    const [path, body] = APIS[0];
    const arrived = nextRequest();
    const first = send(impatient.first, path, body);
    const exchange = await arrived;
    for (const replica of impatient.replicas) {
      const response = await send(replica, path, body);
      expect([response.status, response.headers.get('retry-after')]).toEqual([409, '1']);
    }
    finish(exchange, false);
    await first;
    await until(() => impatient.first.runningCalls === 0);
    await impatient.close();
  });

  it('gets no answer of another request that has taken its key meanwhile', async () => {
    const [path, body] = APIS[0];
    const arrived = nextRequest();
    const first = send(pair.first, path, body);
    const exchange = await arrived;
    const ends = pair.second.app.get(AwaitedEnds);
    const waitFor = ends.of.bind(ends);
    const waits = new Promise<void>((resolve) => {
      ends.of = (wait) => {
        ends.of = waitFor;
        resolve();
        return waitFor(wait);
      };
    });
    const second = send(pair.second, path, body);
    await waits;
    // As if the first one had been refused, and a request with another body had come next.
    await pair.database.pool.query(
      `UPDATE idempotency_records SET fingerprint = '\\x00' WHERE finished_at IS NULL`,
    );
    finish(exchange, false);
    expect((await first).status).toBe(200);
    const answer = await second;
    expect(answer.status).toBe(409);
    expect(await answer.json()).toMatchObject({ error: { code: 'idempotency_conflict' } });
  });

  it('is told so in its stream, under the id of its own request, where that had begun', async () => {
    const waiting = { IDEMPOTENCY_WAIT_MS: '500', STREAM_HEAD_MS: '20' };
    const impatient = await ReplicaPair.start(fileFor(upstream.url), waiting);
    ({ key } = await impatient.createKey({ account: newId('key'), budget_limit: '1000000' }));
    const [path, body] = APIS[3];
    const arrived = nextRequest();
    const first = send(impatient.first, path, { ...body, stream: true });
    const exchange = await arrived;
    const joined = await send(impatient.second, path, { ...body, stream: true });
    const id = joined.headers.get('request-id');
    expect(id).toMatch(/^req_/);
    expect((await new OpenStream(joined).frames()).at(-1)).toMatchObject({
      event: 'error',
      data: { error: { details: { error_code: 'idempotency_in_flight' } }, request_id: id },
    });
    finish(exchange, true);
    await (await first).text();
    await impatient.close();
  });
});
