import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { chatChunk, chatUsage, sse, usageChunk } from '../support/chat-wire.js';
import { nextStalls } from '../support/chat-scripts.js';
import { GatewayClient, receiptIn } from '../support/gateway-client.js';
import { fileFor, TestGateway } from '../support/gateway.js';
import { startScriptedUpstream, type ScriptedUpstream } from '../support/scripted-upstream.js';
import { complete } from './charging/askers.js';

const KEY_BYTES = 3_000_000;
const PROCESS_BYTES = 5_000_000;

let upstream: ScriptedUpstream;
let gateway: TestGateway;

beforeAll(async () => {
  upstream = await startScriptedUpstream();
  gateway = await TestGateway.start({
    file: fileFor(upstream.url),
    environment: {
      KEY_BODY_MEMORY_BYTES: String(KEY_BYTES),
      BODY_MEMORY_BYTES: String(PROCESS_BYTES),
    },
  });
});
beforeEach(() => {
  upstream.reset();
  upstream.always(complete);
});
afterAll(async () => {
  await gateway.close();
  await upstream.close();
});

const many = (count: number, item: (index: number) => string): string =>
  Array.from({ length: count }, (_, index) => item(index)).join(',');

const post = (path: string, key: string, body: string, headers: Readonly<Record<string, string>> = {}) =>
  fetch(`${gateway.url}${path}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, ...headers },
    body,
  });

const chat = (more: string): string =>
  `{"model":"test-model","messages":[{"role":"user","content":"Hi"}]${more}}`;

/** Just beyond the bounds, where it costs most to find out, and just within them. */
const HOSTILE = [
  chat(`,${many(60_000, (i) => `"k${i}":1`)}`),
  chat(`,${many(45_000, (i) => `"k${i}":null`)}`),
  chat(`,"x":[${many(260_000, () => '{}')}]`),
  chat(`,"x":[${many(240_000, () => '{}')}]`),
  chat(`,"x":${'['.repeat(1_000_000)}`),
];

describe('beside bodies that would cost far more than their size', () => {
  it("another account's stream goes on, word by word, and the lease is renewed", async () => {
    const good = await gateway.createKey({ account: 'good' });
    const evil = await gateway.createKey({ account: 'evil' });
    const stalled = nextStalls(upstream, chatChunk({ content: '0,' }));
    const stream = await new GatewayClient(gateway.url).stream(good.key);
    const exchange = await stalled;
    await stream.shows('0,');

    const paths = ['/v1/chat/completions', '/external/v1/responses', '/v1/responses/input_tokens'];
    const answers = Array.from({ length: 10 }, (_, index) =>
      post(paths[index % 3]!, evil.key, HOSTILE[index % HOSTILE.length]!, { 'idempotency-key': `k${index}` }),
    );
    for (let word = 1; word <= 20; word += 1) {
      await exchange.send(sse(chatChunk({ content: `${word},` })));
      await stream.shows(`"${word},"`);
    }
    // What each is told depends on what else is on its way; the process is there to tell it.
    for (const answer of await Promise.all(answers)) expect((await answer.text()).length).toBeGreaterThan(0);
    exchange.end(sse(chatChunk({}, 'stop'), usageChunk(chatUsage(5, 20)), '[DONE]'));
    const frames = await stream.frames();
    expect([...stream.text.matchAll(/"content":"(\d+),"/g)].map(([, word]) => Number(word))).toEqual(
      Array.from({ length: 21 }, (_, word) => word),
    );
    expect(receiptIn(frames)).toBeDefined();
    const { rows } = await gateway.pool.query('SELECT FROM gateway_processes WHERE lease_expires_at > now()');
    expect(rows).toHaveLength(1);
  });
});

describe('bodies that are held at a time', () => {
  const large = chat(`,"user":"${'x'.repeat(2_000_000)}"`);

  it('are bounded for each key and for the process, and ordinary ones get in', async () => {
    const keys = await Promise.all(['a', 'b', 'c'].map((account) => gateway.createKey({ account })));
    const [first, second, third] = keys.map(({ key }) => key) as [string, string, string];
    const runs = [];
    for (const key of [first, second]) {
      const stalled = nextStalls(upstream);
      const answer = post('/v1/chat/completions', key, large);
      runs.push({ answer, exchange: await stalled });
    }
    const ofKey = await post('/v1/chat/completions', first, large);
    expect([ofKey.status, ofKey.headers.get('retry-after')]).toEqual([429, '1']);
    expect(await ofKey.text()).toContain(`This key's limit of ${KEY_BYTES} bytes of request bodies`);
    const values = await post('/v1/chat/completions', first, chat(`,"x":[${many(20_000, () => '0')}]`));
    expect(values.status).toBe(429);
    const ofProcess = await post('/external/v1/chat/completions', third, large);
    expect([ofProcess.status, ofProcess.headers.get('retry-after')]).toEqual([503, '1']);
    expect(await ofProcess.text()).toContain("The gateway's limit of request bodies");
    for (const key of [first, third])
      expect((await post('/v1/chat/completions', key, chat(''))).status).toBe(200);

    for (const { answer, exchange } of runs) {
      complete(exchange);
      expect((await answer).status).toBe(200);
    }
    await gateway.idle();
    for (const key of [first, third])
      expect((await post('/v1/chat/completions', key, large)).status).toBe(200);
  });

  it('leave room for one of any size', async () => {
    const { key } = await gateway.createKey();
    const body = chat(`,"user":"${'x'.repeat(2 * PROCESS_BYTES)}"`);
    expect((await post('/v1/chat/completions', key, body)).status).toBe(200);
  });
});
