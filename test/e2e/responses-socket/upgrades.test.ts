import { once } from 'node:events';
import { connect } from 'node:net';
import { describe, expect, it } from '@jest/globals';
import { ADMIN_TOKEN } from '../../support/gateway.js';
import { until } from '../../support/until.js';
import { ResponseSockets } from '../../../src/responses/socket/response-sockets.js';
import { refusedUpgrade } from './socket-client.js';
import { SocketFixture } from './socket-fixture.js';

const fixture = new SocketFixture({ KEEP_ALIVE_MS: '20', MAX_BODY_BYTES: '2000', SOCKETS_PER_KEY: '2' });

/** What the gateway sends to a client that writes this. */
async function exchange(text: string, ends: (answer: string) => boolean): Promise<string> {
  const socket = connect(fixture.gateway.port, '127.0.0.1');
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  let answer = '';
  socket.on('data', (bytes: Buffer) => (answer += bytes.toString()));
  socket.write(text);
  await until(() => ends(answer));
  socket.destroy();
  return answer;
}

describe('an upgrade', () => {
  const handshake = (path: string, headers: readonly string[]): string =>
    [
      `GET ${path} HTTP/1.1`,
      'Host: gateway',
      'Connection: Upgrade',
      'Upgrade: websocket',
      ...headers,
      '',
      '',
    ].join('\r\n');

  it.each(['/v1', '/external/v1'])('carries the id of its request on %s', async (path) => {
    const answer = await exchange(
      handshake(`${path}/responses`, [
        `Authorization: Bearer ${fixture.key}`,
        'X-Request-Id: my-own',
        'Sec-WebSocket-Version: 13',
        'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
      ]),
      (text) => text.includes('\r\n\r\n'),
    );
    expect(answer).toMatch(/^HTTP\/1\.1 101 /);
    expect(answer).toContain('\r\nX-Request-Id: my-own\r\n');
  });

  it.each([
    ['no key', {}, 'missing_api_key'],
    ['no key of ours', { authorization: 'Bearer sk-other' }, 'invalid_api_key'],
    ['an unknown key', { authorization: `Bearer compose-${'x'.repeat(43)}` }, 'invalid_api_key'],
  ])('with %s is refused in plain HTTP', async (_, headers, code) => {
    for (const path of ['/v1', '/external/v1']) {
      const { answer, body } = await refusedUpgrade(`${fixture.gateway.url}${path}/responses`, headers);
      expect(answer.statusCode).toBe(401);
      expect(answer.headers['www-authenticate']).toBe('Bearer');
      expect(answer.headers['x-request-id']).toMatch(/^req_[0-9a-f]{32}$/);
      expect(body).toEqual({
        error: { type: 'authentication_error', code, param: null, message: expect.any(String) },
      });
    }
  });

  it('with a key that was revoked is refused, and what is asked on a socket that is open', async () => {
    const { id, key } = await fixture.gateway.createKey({ budget_limit: '1000000' });
    const open = await fixture.open({ key });
    await fetch(`${fixture.gateway.url}/admin/keys/${id}`, {
      method: 'DELETE',
      headers: { authorization: `Bearer ${ADMIN_TOKEN}` },
    });
    const { body } = await refusedUpgrade(`${fixture.gateway.url}/v1/responses`, {
      authorization: `Bearer ${key}`,
    });
    expect(body).toMatchObject({ error: { code: 'revoked_api_key' } });
    for (const model of ['test-model', 'none']) {
      const error = await open.refusal({ type: 'response.create', model, input: 'Hi' });
      expect(error).toMatchObject({ status: 401, error: { code: 'revoked_api_key' } });
    }
  });

  it('with a chain that is not there is refused', async () => {
    const { answer, body } = await refusedUpgrade(`${fixture.gateway.url}/v1/responses`, {
      authorization: `Bearer ${fixture.key}`,
      'x-chain-id': '1',
    });
    expect(answer.statusCode).toBe(400);
    expect(body).toMatchObject({ error: { code: 'chain_not_supported', param: 'x-chain-id' } });
  });

  it.each(['/v1/conversations', '/v1/responsesx', '/nothing'])(
    'elsewhere finds nothing: %s',
    async (path) => {
      const { answer, body } = await refusedUpgrade(`${fixture.gateway.url}${path}`, {
        authorization: `Bearer ${fixture.key}`,
      });
      expect(answer.statusCode).toBe(404);
      expect(answer.headers['x-request-id']).toMatch(/^req_/);
      expect(body).toMatchObject({ error: { code: 'not_found' } });
    },
  );

  it('is refused where its key has too many sockets, until one of them closes', async () => {
    const second = await fixture.open({ path: '/v1' });
    const refused = (path: string): ReturnType<typeof refusedUpgrade> =>
      refusedUpgrade(`${fixture.gateway.url}${path}/responses`, { authorization: `Bearer ${fixture.key}` });
    for (const path of ['/v1', '/external/v1']) {
      const { answer, body } = await refused(path);
      expect(answer.statusCode).toBe(429);
      expect(answer.headers['x-request-id']).toMatch(/^req_/);
      expect(body).toEqual({
        error: {
          type: 'rate_limit_error',
          code: 'concurrency_limit_exceeded',
          param: null,
          message: expect.stringMatching(/^At most 2 WebSockets/),
        },
      });
    }
    await fixture.open({ key: await fixture.keyOf('acme') });

    // However a socket ends, and whatever was refused meanwhile.
    const sockets = fixture.gateway.app.get(ResponseSockets);
    const open = sockets.size;
    second.socket.close();
    fixture.client.socket.terminate();
    await until(() => sockets.size === open - 2);
    await exchange(
      handshake('/v1/responses', [`Authorization: Bearer ${fixture.key}`]),
      (text) => text.includes('\r\n\r\n{') && text.endsWith('}}'),
    );
    await fixture.open();
    await fixture.open();
    expect((await refused('/v1')).answer.statusCode).toBe(429);
  });

  it('that is no handshake is refused', async () => {
    const answer = await exchange(
      handshake('/v1/responses', [`Authorization: Bearer ${fixture.key}`]),
      (text) => text.includes('\r\n\r\n{') && text.endsWith('}}'),
    );
    expect(answer).toMatch(/^HTTP\/1\.1 400 /);
    expect(answer).toContain('"code":"invalid_value"');
  });

  it('to another protocol is let lie: the request is answered, and the next one on its connection', async () => {
    const body = JSON.stringify({ model: 'test-model', messages: [{ role: 'user', content: 'Hi' }] });
    const post = (headers: readonly string[]): string =>
      [
        'POST /external/v1/chat/completions HTTP/1.1',
        'Host: gateway',
        `Authorization: Bearer ${fixture.key}`,
        `Content-Length: ${Buffer.byteLength(body)}`,
        ...headers,
        '',
        body,
      ].join('\r\n');
    const offer = ['Connection: Upgrade, HTTP2-Settings', 'Upgrade: h2c', 'HTTP2-Settings: AAMAAABkAAQAAP__'];
    const answer = await exchange(
      post(offer) + post([]) + post(['Connection: close']),
      (text) => text.split('"chat.completion"').length === 4,
    );
    expect(answer.match(/HTTP\/1\.1 200 /g)).toHaveLength(3);
  });
});

describe('an open socket', () => {
  it('is pinged while it is silent', async () => {
    await until(() => fixture.client.pings > 2);
    expect(await fixture.client.response()).toMatchObject({ status: 'completed' });
  });

  it('is closed when a message is too large', async () => {
    fixture.client.create({ input: 'x'.repeat(2_000) });
    expect(await fixture.client.closed).toMatchObject({ code: 1009 });
  });
});
