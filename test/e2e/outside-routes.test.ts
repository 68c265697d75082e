import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { TestGateway } from '../support/gateway.js';
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
