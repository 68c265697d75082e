import type { IncomingMessage } from 'node:http';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { nextStalls } from '../../support/chat-scripts.js';
import { chatAnswer, chatChunk, chatUsage, sse } from '../../support/chat-wire.js';
import { OpenStream } from '../../support/gateway-client.js';
import { TestGateway, type CreatedKey } from '../../support/gateway.js';
import {
  completion,
  startScriptedUpstream,
  type Exchange,
  type ScriptedUpstream,
} from '../../support/scripted-upstream.js';
import { until } from '../../support/until.js';
import { SocketClient } from '../responses-socket/socket-client.js';
import { VideosClient } from '../videos/videos-client.js';
import { complete, fileOf, oneJob, VIDEO_BILL } from './askers.js';
import { expectBill, newPayer, tokenBill, type Bill } from './bills.js';
import { BASES, FOREGROUND, send, type Sent, type Way } from './ways.js';

/** The external surface charges as the native one does, whose own tests try every way to get there. */
const STREAMED = FOREGROUND.filter(({ streamed }) => streamed);
const WHOLE = FOREGROUND.filter(({ streamed }) => !streamed);
const BEGUN = [chatChunk({ role: 'assistant', content: 'Two' }), chatChunk({ content: ' words' })];

let upstream: ScriptedUpstream;
let gateway: TestGateway;
let payer: CreatedKey;

beforeAll(async () => {
  upstream = await startScriptedUpstream();
  const { providers, models } = fileOf(upstream.url, { max_connections: 1 }) as {
    providers: readonly object[];
    models: readonly object[];
  };
  const free = { ...models[0], id: 'free', pricing: 'free' };
  gateway = await TestGateway.start({ file: { providers, models: [...models, free] } });
});
beforeEach(async () => {
  upstream.reset();
  payer = await newPayer(gateway);
});
afterAll(async () => {
  await gateway.close();
  await upstream.close();
});

const ask = (way: Way, sent: Sent = {}): Promise<Response> =>
  send(way, gateway, payer.key, { base: '/external/v1', ...sent });

/** The call has ended, and shows nothing of what it costs. */
async function expectCharged(bill: Bill | 'nothing', answer?: Response): Promise<void> {
  if (answer) expect(await answer.text()).not.toContain('compose');
  await gateway.idle();
  await expectBill(gateway, payer, bill);
}

/** A call whose upstream has said these values, and whose client leaves then; the gateway has seen it leave. */
async function left(way: Way, values: readonly unknown[], sent: Sent = {}): Promise<Exchange> {
  const stalled = nextStalls(upstream, ...values);
  const gone = new Promise((resolve) =>
    gateway.server.once('request', ({ socket }: IncomingMessage) => socket.once('close', resolve)),
  );
  const leaving = new AbortController();
  const asked = ask(way, { ...sent, signal: leaving.signal });
  const exchange = await stalled;
  if (values.length > 0) await new OpenStream(await asked).shows(' words');
  leaving.abort();
  await asked.catch(() => 'left');
  await gone;
  return exchange;
}

describe('on the external surface, a call of text', () => {
  it.each(FOREGROUND)('[charge.completed] $name', async (way) => {
    upstream.next(complete);
    await expectCharged(tokenBill(100, 50, false), await ask(way));
  });

  it.each(STREAMED)('[charge.left-midway] $name', async (way) => {
    await (
      await left(way, BEGUN)
    ).aborted;
    await expectCharged(tokenBill(1, 2, true));
  });

  it.each(FOREGROUND)('[charge.left-before-output] $name', async (way) => {
    await (
      await left(way, [])
    ).aborted;
    await expectCharged(tokenBill(1, 0, true));
  });

  it.each(FOREGROUND)('[charge.left-before-sending] $name', async (way) => {
    const other = await newPayer(gateway);
    const stalled = nextStalls(upstream);
    const first = send(way, gateway, other.key);
    const exchange = await stalled;
    const leaving = new AbortController();
    const second = ask(way, { signal: leaving.signal }).catch(() => 'left');
    await until(() => gateway.runningCalls === 2);
    leaving.abort();
    expect(await second).toBe('left');
    await until(() => gateway.runningCalls === 1);
    complete(exchange);
    await (await first).text();
    expect(upstream.requests).toHaveLength(1);
    await expectCharged('nothing');
  });

  it.each(WHOLE)('[charge.left-with-idempotency-key] $name', async (way) => {
    complete(await left(way, [], { headers: { 'idempotency-key': 'once' } }));
    await expectCharged(tokenBill(100, 50, false));
  });

  it.each(STREAMED)('[charge.provider-broke-stream] $name', async (way) => {
    upstream.next((exchange) => exchange.end(sse(...BEGUN)));
    await expectCharged(tokenBill(1, 2, true), await ask(way));
  });

  it.each(FOREGROUND)('[charge.provider-failed] $name', async (way) => {
    upstream.always((exchange) => exchange.breakConnection());
    await expectCharged('nothing', await ask(way));
  });

  it.each(WHOLE)('[charge.error-status] $name', async (way) => {
    upstream.always(async (exchange) => {
      exchange.head(200, { 'content-type': 'application/json' });
      await exchange.send(JSON.stringify(chatAnswer({ content: 'Two words' })).slice(0, 60));
      exchange.breakConnection();
    });
    const answer = await ask(way);
    expect(answer.status).toBe(502);
    await expectCharged('nothing', answer);
  });

  it.each(FOREGROUND)('[charge.refused] $name', async (way) => {
    const answer = await ask(way, { body: { temperature: 'hot' } });
    expect(answer.status).toBe(400);
    await expectCharged('nothing', answer);
  });

  it.each(FOREGROUND)('[charge.replay] $name', async (way) => {
    upstream.next(complete);
    const headers = { 'idempotency-key': 'once' };
    const first = await (await ask(way, { headers })).text();
    await gateway.idle();
    const again = await ask(way, { headers });
    expect(await again.text()).toBe(first);
    await expectCharged(tokenBill(100, 50, false));
  });

  it('[charge.overrun] pays what its budget has', async () => {
    payer = await newPayer(gateway, { budget_limit: '2020' });
    upstream.next(completion('Hi', chatUsage(5_000, 100)));
    await (await ask(WHOLE[0]!)).text();
    await gateway.idle();
    expect(await gateway.keyBudget(payer.id)).toEqual({ spent: 2_020, held: 0 });
  });

  it('[charge.no-call] reads and changes for nothing', async () => {
    upstream.next(complete);
    const { id } = (await (await ask(WHOLE[1]!)).json()) as { id: string };
    for (const [method, path] of [
      ['GET', `/responses/${id}`],
      ['GET', `/responses/${id}/input_items`],
      ['GET', '/chat/completions'],
      ['GET', '/models'],
      ['DELETE', `/responses/${id}`],
    ] as const) {
      const headers = { authorization: `Bearer ${payer.key}` };
      expect((await fetch(`${gateway.url}/external/v1${path}`, { method, headers })).status).toBe(200);
    }
    await expectCharged(tokenBill(100, 50, false));
  });
});

describe('on the external surface, a video', () => {
  it('[charge.video-made] [charge.video-not-made]', async () => {
    let state: Record<string, string> = { status: 'completed' };
    upstream.always(oneJob(() => state));
    const videos = new VideosClient(gateway.url, payer.key, '/external');
    await videos.ended((await videos.made({ model: 'film' })).id);
    state = { status: 'failed' };
    await videos.ended((await videos.made({ model: 'film' })).id);
    await expectCharged(VIDEO_BILL);
  });
});

describe.each(BASES)('on %s', (base) => {
  it.each(WHOLE)('[charge.free-model] $name', async (way) => {
    upstream.next(complete);
    const answer = await ask(way, { base, body: { model: 'free' } });
    expect(answer.status).toBe(200);
    await answer.text();
    await gateway.idle();
    await expectBill(gateway, payer, { ...tokenBill(100, 50, false), amount: 0 });
  });

  it('[charge.generates-nothing]', async () => {
    const client = await SocketClient.open(gateway.url, payer.key, base);
    expect(await client.response({ generate: false })).toMatchObject({ status: 'completed', output: [] });
    client.socket.terminate();
    expect(upstream.requests).toHaveLength(0);
    await expectCharged('nothing');
  });
});
