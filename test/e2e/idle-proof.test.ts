import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { chatChunk, chatUsage, sse, usageChunk } from '../support/chat-wire.js';
import { fileFor, TestGateway } from '../support/gateway.js';
import { IdleProxy } from '../support/idle-proxy.js';
import { startScriptedUpstream, type Exchange, type ScriptedUpstream } from '../support/scripted-upstream.js';
import { SocketClient } from './responses-socket/socket-client.js';
import { says, VideoUpstream } from './videos/video-upstream.js';
import { VideosClient } from './videos/videos-client.js';

/** As a proxy that cuts after a minute stands to a model that thinks for minutes, and pings every quarter of it. */
const IDLE_MS = 3_000;
const THINK_MS = 2 * IDLE_MS + 500;
const PING_MS = 250;

const QUESTION = [{ role: 'user', content: 'Hi' }];
const MESSAGE = { max_tokens: 100, messages: QUESTION, stream: true };

let upstream: ScriptedUpstream;
let film: VideoUpstream;
let gateway: TestGateway;
let proxy: IdleProxy;
let key: string;

beforeAll(async () => {
  [upstream, film] = await Promise.all([startScriptedUpstream(), VideoUpstream.start()]);
  const file = fileFor(upstream.url);
  const videos = film.file as typeof file;
  gateway = await TestGateway.start({
    file: {
      providers: [...file.providers, ...videos.providers],
      models: [...file.models, ...videos.models],
    },
    environment: { KEEP_ALIVE_MS: String(PING_MS), STREAM_HEAD_MS: String(PING_MS), VIDEO_POLL_MS: '500' },
  });
  proxy = await IdleProxy.before(gateway.url, IDLE_MS);
  ({ key } = await gateway.createKey({ budget_limit: '100000000' }));
  // The first call loads what later ones have, and a busy machine takes its time for that.
  await post('/v1/messages', MESSAGE, gateway.url);
  await post('/v1/responses', { input: 'Hi', stream: true }, gateway.url);
});
afterAll(async () => {
  await proxy.close();
  await gateway.close();
  await Promise.all([upstream.close(), film.close()]);
});

/** Thinks before its first word, and between two, and for ever where nobody streams. The waits are what is tested. */
async function thinks(exchange: Exchange): Promise<unknown> {
  if (exchange.request.body['stream'] !== true) return exchange.aborted;
  await sleep(THINK_MS);
  await exchange.send(sse(chatChunk({ role: 'assistant', content: 'Hello' })));
  await sleep(THINK_MS);
  return exchange.end(
    sse(chatChunk({ content: ' there' }), chatChunk({}, 'stop'), usageChunk(chatUsage(10, 5)), '[DONE]'),
  );
}

async function post(path: string, body: object, base = proxy.url): Promise<string> {
  const response = await fetch(base + path, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'test-model', ...body }),
  });
  return response.text();
}

describe('a long silence behind a proxy that cuts silent connections', () => {
  it.concurrent.each<[string, object, string]>([
    ['/v1/chat/completions', { messages: QUESTION, stream: true }, '[DONE]'],
    ['/external/v1/chat/completions', { messages: QUESTION, stream: true }, '[DONE]'],
    ['/v1/responses', { input: 'Hi', stream: true }, 'response.completed'],
    ['/external/v1/responses', { input: 'Hi', stream: true }, 'response.completed'],
    ['/v1/responses', { input: 'Hi', stream: true, background: true }, 'response.completed'],
    ['/v1/messages', MESSAGE, 'message_stop'],
    ['/external/v1/messages', MESSAGE, 'message_stop'],
  ])('is outlived by the stream of %s, %j', async (path, body, end) => {
    upstream.always(thinks);
    const text = await post(path, body);
    expect(text).toContain(' there');
    expect(text).toContain(end);
  });

  it.concurrent.each(['/v1', '/external/v1'])('is outlived by a WebSocket at %s', async (path) => {
    upstream.always(thinks);
    const client = await SocketClient.open(proxy.url, key, path);
    expect(await client.response()).toMatchObject({ status: 'completed' });
    expect(client.pings).toBeGreaterThan(THINK_MS / IDLE_MS);
    client.socket.close();
    await client.closed;
  });

  it.concurrent.each(['', '/external'] as const)(
    'is outlived by the stream of a video at "%s"',
    async (surface) => {
      film.find = says({ status: 'queued', progress: 0 });
      const videos = new VideosClient(proxy.url, key, surface);
      const made = await new VideosClient(gateway.url, key).made({ model: 'film', prompt: 'Sea' });
      const shown = videos.call('GET', `/${made.id}/stream`).then((response) => response.text());
      await sleep(THINK_MS);
      film.find = says({ status: 'completed', progress: 100 });
      expect(await shown).toContain('completed');
    },
  );

  it.concurrent('ends what says nothing at all', async () => {
    upstream.always(thinks);
    const before = proxy.cuts;
    await expect(post('/v1/chat/completions', { messages: QUESTION })).rejects.toThrow();
    expect(proxy.cuts).toBeGreaterThan(before);
  });
});
