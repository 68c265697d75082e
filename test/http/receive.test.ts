import { afterEach, describe, expect, it } from '@jest/globals';
import { GatewayError, toGatewayError } from '../../src/base/errors/gateway-error.js';
import { callerOf } from '../../src/http/caller.js';
import { ClientLeft } from '../../src/http/client-left.js';
import type { KeyedRequest } from '../../src/payments/keys/keyed-request.js';
import { KeyCheck } from '../../src/http/key-check.js';
import { Intake } from '../../src/http/intake.js';
import { readJsonBody } from '../../src/http/read-json-body.js';
import { receivePaidBody } from '../../src/http/receive.js';
import { sendError } from '../../src/http/send-error.js';
import { type JsonObject } from '../../src/base/json.js';
import { Payer } from '../../src/payments/payer.js';
import { RawClient, serve, type TestServer } from '../streaming/raw-exchange.js';
import { until } from '../support/until.js';

const GOOD = `compose-${'g'.repeat(43)}`;
const BAD = `compose-${'b'.repeat(43)}`;

class OneKey extends KeyCheck {
  checks = 0;
  async check({ payer }: KeyedRequest): Promise<void> {
    this.checks += 1;
    await new Promise(setImmediate);
    if (payer.id !== Payer.ofKey(GOOD).id) throw new GatewayError('invalid_api_key');
  }
}

let server: TestServer;
let keys: OneKey;
let failures: unknown[];
const intake = new Intake({ maxBytes: 1e9, intake: { perProcess: 1e9, perKey: 1e9 } });
afterEach(() => server.stop());

async function start(maxBytes = 1_000_000): Promise<RawClient> {
  keys = new OneKey();
  failures = [];
  const parse = (body: JsonObject): JsonObject => {
    if (body['bad'] === true) throw new GatewayError('invalid_value', 'bad shape', { param: 'bad' });
    return body;
  };
  server = await serve((request, response) => {
    response.setHeader('X-Request-Id', 'req_1');
    void (async () => {
      try {
        const read = (signal: AbortSignal): Promise<JsonObject> =>
          readJsonBody(request, { maxBytes }, signal);
        const body = await receivePaidBody({ caller: callerOf(request), keys, intake }, read, parse);
        response.end(JSON.stringify(body));
      } catch (failure) {
        failures.push(failure);
        if (!(failure instanceof ClientLeft)) sendError(request, response, toGatewayError(failure));
      }
    })();
  });
  return (await RawClient.connect(server.port)).read();
}

const head = (key: string, ...fields: string[]): string =>
  ['POST /v1/x HTTP/1.1', 'Host: test', `Authorization: bearer ${key}`, ...fields, '', ''].join('\r\n');
const post = (key: string, body: string, ...fields: string[]): string =>
  head(key, `Content-Length: ${Buffer.byteLength(body)}`, ...fields) + body;

describe('a paid request', () => {
  it('that came whole is parsed without asking for its key alone', async () => {
    const client = await start();
    client.send(post(GOOD, '{"a":"ü"}'));
    await client.receives('{"a":"ü"}');
    expect(keys.checks).toBe(0);
  });

  it('with a bad key is 401 before its body has been sent', async () => {
    const client = await start();
    client.send(head(BAD, 'Content-Length: 1000'));
    await client.receives('invalid_api_key');
    expect(client.answer).toMatchObject({
      status: 401,
      headers: { 'www-authenticate': 'Bearer', connection: 'close', 'x-request-id': 'req_1' },
    });
  });

  it('with a bad key can be read by a client that goes on uploading', async () => {
    const client = await start(100_000_000);
    client.send(head(BAD, 'Content-Length: 20000000'));
    for (let sent = 0; sent < 20_000_000; sent += 100_000) client.send('x'.repeat(100_000));
    await client.receives('invalid_api_key');
  });

  it('with a good key that uploads slowly is checked once, meanwhile', async () => {
    const client = await start();
    client.send(head(GOOD, 'Content-Length: 7'));
    await until(() => keys.checks === 1);
    client.send('{"a":1}');
    await client.receives('{"a":1}');
    expect(keys.checks).toBe(1);
  });

  it.each([
    ['a bad shape', '{"bad":true}', 'invalid_value'],
    ['broken JSON', '{', 'invalid_json'],
    ['an empty body', '', 'invalid_json'],
    ['an array', '[]', 'invalid_json'],
    ['too many levels', `${'{"a":'.repeat(200)}1${'}'.repeat(200)}`, 'invalid_json'],
  ])('with %s is 401 for a bad key and 400 for a good one', async (_name, body, code) => {
    const client = await start();
    client.send(post(BAD, body));
    await client.receives('invalid_api_key');
    expect(client.answer.status).toBe(401);
    client.received = '';
    client.send(post(GOOD, body));
    await client.receives(code);
    expect(client.answer.status).toBe(400);
  });

  it('whose announced length is over the limit is 413 unread', async () => {
    const client = await start(10);
    client.send(head(GOOD, 'Content-Length: 11'));
    await client.receives('request_too_large');
    expect(client.answer.status).toBe(413);
  });

  it('whose chunks exceed the limit is 413 and the connection closes', async () => {
    const client = await start(10);
    client.send(`${head(GOOD, 'Transfer-Encoding: chunked')}8\r\n{"a":"xx\r\n8\r\nxxxxxxxx\r\n`);
    await client.receives('request_too_large');
    expect(client.answer).toMatchObject({ status: 413, headers: { connection: 'close' } });
  });

  it('that is compressed is refused in words', async () => {
    const client = await start();
    client.send(post(GOOD, 'xxxx', 'Content-Encoding: gzip'));
    await client.receives('without Content-Encoding');
    expect(client.answer.status).toBe(400);
  });

  it('whose upload breaks off ends quietly', async () => {
    const client = await start();
    client.send(head(GOOD, 'Content-Length: 100')).send('{"a"');
    await until(() => keys.checks === 1);
    client.socket.destroy();
    await until(() => failures.length === 1);
    expect(failures[0]).toBeInstanceOf(ClientLeft);
  });

  it.each([
    ['no Authorization', 'X: y', 'missing_api_key'],
    ['another scheme', 'Authorization: Basic abc', 'missing_api_key'],
    ['a key of somebody else', 'Authorization: Bearer sk-1234567890123456789012345', 'invalid_api_key'],
    ['a key that is too short', 'Authorization: Bearer compose-1', 'invalid_api_key'],
  ])('with %s is 401', async (_name, field, code) => {
    const client = await start();
    client.send(`POST /v1/x HTTP/1.1\r\nHost: test\r\n${field}\r\nContent-Length: 2\r\n\r\n{}`);
    await client.receives(code);
    expect(client.answer.status).toBe(401);
  });
});
