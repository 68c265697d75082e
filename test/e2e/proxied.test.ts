import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ForwardProxy } from '../support/forward-proxy.js';
import { fileFor, TestGateway } from '../support/gateway.js';
import { receipts } from '../support/ledger-state.js';
import { startScriptedUpstream, type ScriptedUpstream } from '../support/scripted-upstream.js';

/** No resolver knows it: who reaches it has gone through the proxy. */
const BASE_URL = 'http://model.example:8080/v1';

let upstream: ScriptedUpstream;
let proxy: ForwardProxy;
let gateway: TestGateway;

beforeAll(async () => {
  upstream = await startScriptedUpstream();
  proxy = new ForwardProxy(Number(new URL(upstream.url).port));
  await proxy.listen();
  gateway = await TestGateway.start({
    environment: { HTTP_PROXY: proxy.url('me:secret@'), NO_PROXY: 'other.example' },
    file: fileFor(BASE_URL),
  });
});
afterAll(async () => {
  await gateway.close();
  await proxy.close();
  await upstream.close();
});

describe('a gateway behind a proxy that its environment names', () => {
  it('answers, streams and charges as without one', async () => {
    const { id, key } = await gateway.createKey({ budget_limit: '1000000' });
    const whole = await gateway.chat(key);
    expect([whole.status, await whole.json()]).toMatchObject([
      200,
      { choices: [{ message: { content: 'Hello!' } }] },
    ]);
    const streamed = await (await gateway.chat(key, { stream: true })).text();
    expect(streamed).toContain('Hello!');
    expect(streamed.trimEnd().endsWith('data: [DONE]')).toBe(true);
    expect(proxy.requests.map(({ target }) => target)).toEqual(
      Array.from({ length: 2 }, () => `${BASE_URL}/chat/completions`),
    );
    expect(proxy.requests[0]?.headers['proxy-authorization']).toMatch(/^Basic /);
    expect(await receipts(gateway.pool, id)).toHaveLength(2);
  });

  it('says nothing of the proxy where the proxy refuses', async () => {
    const { key } = await gateway.createKey();
    proxy.refuseWith = 407;
    const refused = await gateway.chat(key);
    const text = await refused.text();
    expect(refused.status).toBeGreaterThanOrEqual(500);
    expect(text).not.toMatch(/proxy|407|secret|example/i);
  });
});
