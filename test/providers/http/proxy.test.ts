import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Client } from 'undici';
import type { ProviderSettings } from '../../../src/catalog/model.js';
import { connectThrough, parseProxy } from '../../../src/providers/http/proxy-tunnel.js';
import { OpenAiTextProvider } from '../../../src/providers/openai/openai-text-provider.js';
import { UpstreamFailure } from '../../../src/providers/upstream-failure.js';
import { ForwardProxy } from '../../support/forward-proxy.js';
import { type ScriptedUpstream, startScriptedUpstream } from '../../support/scripted-upstream.js';
import { ImageHost, PNG } from '../image/image-host.js';
import { attemptFor, outcomeOf, settingsFor, spokenText, targetFor } from '../support.js';

const CREDENTIALS = 'me:p%40ss@';
const AUTHORIZATION = `Basic ${Buffer.from('me:p@ss').toString('base64')}`;

let upstream: ScriptedUpstream;
let proxy: ForwardProxy;
let provider: OpenAiTextProvider | undefined;

beforeEach(async () => {
  upstream = await startScriptedUpstream();
  proxy = new ForwardProxy(Number(new URL(upstream.url).port));
  await proxy.listen();
});

afterEach(async () => {
  await provider?.destroy();
  await proxy.close();
  await upstream.close();
});

function ask(baseUrl: string, overrides: Partial<ProviderSettings>): ReturnType<typeof outcomeOf> {
  const settings = settingsFor(baseUrl, overrides);
  provider = new OpenAiTextProvider(settings);
  return outcomeOf(provider.generate(attemptFor(targetFor(settings))));
}

describe('a proxy on the way to a provider', () => {
  it('gets plain requests with their whole address and its own password, and the provider gets neither changed', async () => {
    const { events } = await ask('http://up.example:8080/v1', { proxy: proxy.url(CREDENTIALS) });
    expect(spokenText(events)).toBe('Hello!');
    expect(proxy.requests).toMatchObject([
      {
        method: 'POST',
        target: 'http://up.example:8080/v1/chat/completions',
        headers: { host: 'up.example:8080', 'proxy-authorization': AUTHORIZATION },
      },
    ]);
    expect(upstream.requests[0]).toMatchObject({
      path: '/v1/chat/completions',
      headers: { authorization: 'Bearer upstream-key', host: 'up.example:8080' },
    });
  });

  it('opens a tunnel to a provider that speaks TLS, whose key it does not see', async () => {
    const { failure } = await ask('https://up.example/v1', { proxy: proxy.url(CREDENTIALS) });
    // What is at the other end here speaks no TLS.
    expect(failure).toBeInstanceOf(UpstreamFailure);
    const [tunnel] = proxy.requests;
    expect(tunnel).toMatchObject({
      method: 'CONNECT',
      target: 'up.example:443',
      headers: { 'proxy-authorization': AUTHORIZATION },
    });
    expect(tunnel?.headers.authorization).toBeUndefined();
    expect(upstream.requests).toHaveLength(0);
  });

  it('that refuses is as if the provider could not be reached, and its password is in no error', async () => {
    proxy.refuseWith = 407;
    const tunnelled = await ask('https://up.example/v1', { proxy: proxy.url(CREDENTIALS) });
    expect(tunnelled.failure).toMatchObject({
      error: {
        code: 'upstream_unavailable',
        cause: { message: 'the proxy refused the tunnel with status 407' },
      },
      options: { retryable: true, targetFault: true },
    });
    await provider?.destroy();
    const plain = await ask('http://up.example/v1', { proxy: proxy.url(CREDENTIALS) });
    expect(plain.failure).toMatchObject({ error: { code: 'upstream_error' }, options: { elsewhere: true } });
  });

  it('that does not answer is given up', async () => {
    const { failure } = await ask('https://up.example/v1', {
      proxy: 'http://127.0.0.1:9',
      connectTimeoutMs: 500,
    });
    expect(failure).toMatchObject({ error: { code: 'upstream_unavailable' } });
  });

  it('is not asked by a provider that has none', async () => {
    const { events } = await ask(upstream.url, {});
    expect(spokenText(events)).toBe('Hello!');
    expect(proxy.requests).toHaveLength(0);
  });
});

describe('a tunnel', () => {
  it("carries TLS with the provider's own certificate", async () => {
    const host = new ImageHost('secure.example');
    await host.listen();
    const way = new ForwardProxy(host.port);
    await way.listen();
    const client = new Client('https://secure.example', {
      connect: connectThrough(parseProxy(way.url()), 5_000, { ca: host.authority.cert }),
    });
    try {
      const { statusCode, body } = await client.request({ method: 'GET', path: '/a' });
      expect(statusCode).toBe(200);
      expect(Buffer.from(await body.arrayBuffer())).toEqual(PNG);
      expect(way.requests[0]?.headers).not.toHaveProperty('proxy-authorization');
    } finally {
      await client.destroy();
      await way.close();
      await host.close();
    }
  });
});
