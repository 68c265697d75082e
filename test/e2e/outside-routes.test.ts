import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { TestGateway } from '../support/gateway.js';
import { RawClient } from '../streaming/raw-exchange.js';
import { refusalOf } from '../support/refusal-of.js';

let gateway: TestGateway;

beforeAll(async () => {
  gateway = await TestGateway.start();
});
afterAll(() => gateway.close());

describe('before any route', () => {
  it.each(['/', '/admin/nothing', '/external', '/v2/chat/completions'])('%s is 404', async (path) => {
    expect(await refusalOf(await fetch(`${gateway.url}${path}`))).toMatchObject({
      status: 404,
      error: { code: 'not_found', param: null },
    });
  });

  it.each([
    ['/v2/chat/completions', 'GET /v2/chat/completions', 'ends in `/external/v1`'],
    ['/chat/completions?key=hidden', 'GET /chat/completions', 'ends in `/external/v1`'],
    ['/external/v1/embedings', 'GET /external/v1/embedings', 'ends in `/external/v1`'],
    [
      '/external/v1/images/generations',
      'GET /external/v1/images/generations',
      "does not serve OpenAI's `/images`",
    ],
    ['/v1/files', 'GET /v1/files', "does not serve OpenAI's `/files`"],
  ])('%s says what was asked for and what would be right', async (path, asked, right) => {
    const { error } = await refusalOf(await fetch(`${gateway.url}${path}`));
    expect(error.message).toContain(asked);
    expect(error.message).toContain(right);
    expect(error.message).not.toContain('hidden');
  });

  it.each([
    ['GET', '/external/v1//models'],
    ['GET', '//external//v1/models?limit=1'],
    ['GET', '/external/openai/models?api-version=2026-01-01'],
    ['GET', '/external/openai/v1/models'],
    ['POST', '/external/v1//chat/completions'],
    ['POST', '/external/openai/v1/chat/completions?api-version=preview'],
    ['POST', '/external/openai/deployments/sandbox/echo/chat/completions?api-version=2024-10-21'],
    ['POST', '/external/openai/deployments/sandbox%2Fecho/chat/completions'],
    ['POST', '/external/openai/responses?api-version=2025-04-01-preview'],
  ])('%s %s is served', async (method, path) => {
    const { key } = await gateway.createKey();
    const messages = [{ role: 'user', content: 'Hi' }];
    const sent = path.includes('/responses')
      ? { model: 'sandbox/echo', input: 'Hi' }
      : { messages, ...(path.includes('/deployments/') ? { model: 'whatever' } : { model: 'sandbox/echo' }) };
    const answer = await fetch(`${gateway.url}${path}`, {
      method,
      headers: { 'api-key': key },
      ...(method === 'POST' && { body: JSON.stringify(sent) }),
    });
    expect(answer.status).toBe(200);
    expect(answer.headers.get('x-compose-receipt')).toBeNull();
    if (method === 'POST') expect(await answer.json()).toMatchObject({ model: 'sandbox/echo' });
  });

  it.each<[string, Record<string, string>, number]>([
    ['x-api-key', { 'x-api-key': 'KEY' }, 200],
    ['api-key', { 'api-key': 'KEY' }, 200],
    ['a placeholder beside it', { authorization: 'Bearer unused', 'x-api-key': 'KEY' }, 200],
    ['a placeholder alone', { 'x-api-key': 'sk-unused' }, 401],
    ['an empty bearer and a key', { authorization: 'Bearer ', 'api-key': ' KEY ' }, 200],
    ['nothing', {}, 401],
  ])('a key is read from %s', async (_name, headers, status) => {
    const { key } = await gateway.createKey();
    const named = Object.fromEntries(
      Object.entries(headers).map(([name, value]) => [name, value.replace('KEY', key)]),
    );
    expect((await fetch(`${gateway.url}/v1/models`, { headers: named })).status).toBe(status);
  });

  it.each([
    [
      'headers that are too large',
      `GET /v1/models HTTP/1.1\r\nHost: a\r\nX-Long: ${'x'.repeat(20_000)}\r\n\r\n`,
      431,
    ],
    ['what is no HTTP', 'HELLO\r\n\r\n', 400],
    ['two lengths', 'POST /v1/x HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nx', 400],
  ])('%s are answered with an envelope and the connection is closed', async (_name, text, status) => {
    const socket = connect(gateway.port, '127.0.0.1');
    let answer = '';
    socket.on('data', (bytes: Buffer) => (answer += bytes.toString()));
    socket.write(text);
    await new Promise((resolve) => socket.once('close', resolve));
    expect(answer.startsWith(`HTTP/1.1 ${status} `)).toBe(true);
    expect(answer).toMatch(/^x-request-id: req_[0-9a-f]{32}\r$/im);
    const [, body = ''] = answer.split('\r\n\r\n');
    const { error } = JSON.parse(body) as { error: object };
    expect(Object.keys(error).sort()).toEqual(['code', 'message', 'param', 'type']);
  });

  it('a request id that is well formed is kept, and any other is replaced', async () => {
    const idFor = async (offered: string): Promise<string | null> => {
      const response = await fetch(`${gateway.url}/v1/nowhere`, { headers: { 'x-request-id': offered } });
      await response.text();
      return response.headers.get('x-request-id');
    };
    expect(await idFor('trace:1.2-3_4')).toBe('trace:1.2-3_4');
    expect(await idFor('a'.repeat(129))).toMatch(/^req_[0-9a-f]{32}$/);
    expect(await idFor('no blanks')).toMatch(/^req_[0-9a-f]{32}$/);
  });

  it('admin routes want the admin token, and a user’s key is none', async () => {
    const { key } = await gateway.createKey();
    for (const headers of [{}, { authorization: `Bearer ${key}` }]) {
      const response = await fetch(`${gateway.url}/admin/keys`, { headers });
      expect((await refusalOf(response)).status).toBe(401);
    }
  });
});

describe('HTTP that few clients speak', () => {
  const BODY = JSON.stringify({ model: 'sandbox/echo', messages: [{ role: 'user', content: 'Hi' }] });
  const target = 'POST /external/v1/chat/completions';

  it('is served: a body in chunks that waits to be asked for, without a type', async () => {
    const { key } = await gateway.createKey();
    const client = (await RawClient.connect(gateway.port)).read();
    client.send(
      `${target} HTTP/1.1\r\nHost: gateway\r\nTransfer-Encoding: chunked\r\nExpect: 100-continue\r\n` +
        `authorization: bearer ${key}\r\nConnection: close\r\n\r\n`,
    );
    await client.receives('HTTP/1.1 100 Continue\r\n\r\n');
    for (const part of [BODY.slice(0, 10), BODY.slice(10)])
      client.send(`${part.length.toString(16)}\r\n${part}\r\n`);
    const answer = await client.send('0\r\n\r\n').closed();
    expect(answer).toContain('HTTP/1.1 200 OK');
    expect(answer).toContain('"object":"chat.completion"');
  });

  it('is served: a stream over HTTP/1.0, which knows no chunks', async () => {
    const { key } = await gateway.createKey();
    const client = (await RawClient.connect(gateway.port)).read();
    const body = BODY.replace('{', '{"stream":true,');
    client.send(
      `${target} HTTP/1.0\r\nAuthorization: Bearer ${key}\r\nContent-Length: ${body.length}\r\n` +
        `Connection: close\r\n\r\n${body}`,
    );
    const answer = await client.closed();
    expect(answer).toMatch(/^HTTP\/1\.[01] 200 /);
    expect(answer.toLowerCase()).not.toContain('transfer-encoding');
    expect(answer.trimEnd().endsWith('data: [DONE]')).toBe(true);
  });
});
