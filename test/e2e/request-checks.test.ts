import { connect } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { fileFor, TestGateway, type CreatedKey } from '../support/gateway.js';
import { refusalOf, type Refusal } from '../support/refusal-of.js';
import { startScriptedUpstream, type ScriptedUpstream } from '../support/scripted-upstream.js';
import { until } from '../support/until.js';

const SURFACES = ['/v1', '/external/v1'];
const UNKNOWN_KEY = `compose-${'x'.repeat(43)}`;
const MAX_BODY_BYTES = 100_000;
const MESSAGES = [{ role: 'user', content: 'Hi' }];

let upstream: ScriptedUpstream;
let gateway: TestGateway;
let good: CreatedKey;
let revoked: CreatedKey;
let expired: CreatedKey;
let limited: CreatedKey;

beforeAll(async () => {
  upstream = await startScriptedUpstream();
  gateway = await TestGateway.start({
    file: fileFor(upstream.url),
    environment: { MAX_BODY_BYTES: String(MAX_BODY_BYTES) },
  });
  [good, revoked, expired, limited] = await Promise.all([
    gateway.createKey({ budget_limit: '1000000' }),
    gateway.createKey(),
    gateway.createKey({ expires_at: '2020-01-01T00:00:00Z' }),
    gateway.createKey({ allowed_models: ['another-model'] }),
  ]);
  await gateway.pool.query('UPDATE api_keys SET revoked_at = now() WHERE id = $1', [revoked.id]);
});
/** What is refused here must never have reached the ledger or the upstream. */
afterEach(async () => {
  const { rows } = await gateway.pool.query(
    `SELECT last_used_at FROM api_keys WHERE id <> $1 AND last_used_at IS NOT NULL
     UNION ALL SELECT taken_at FROM (SELECT created_at AS taken_at FROM holds) h`,
    [limited.id],
  );
  expect(rows).toEqual([]);
  expect(upstream.requests).toHaveLength(0);
});
afterAll(async () => {
  await gateway.close();
  await upstream.close();
});

/** Sends a body as it is; without a key when `authorization` is null. */
async function send(
  path: string,
  body: string | object,
  authorization: string | null = `Bearer ${good.key}`,
): Promise<Refusal> {
  const response = await fetch(`${gateway.url}${path}/chat/completions`, {
    method: 'POST',
    headers: authorization === null ? {} : { authorization },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
  return refusalOf(response);
}

describe.each(SURFACES)('on %s', (path) => {
  const valid = { model: 'test-model', messages: MESSAGES };

  it('no key is 401, whatever the body is', async () => {
    for (const body of [valid, '{', '', { model: 'nope', messages: [] }]) {
      const { status, headers, error } = await send(path, body, null);
      expect(status).toBe(401);
      expect(error).toMatchObject({ type: 'authentication_error', code: 'missing_api_key' });
      expect(headers.get('www-authenticate')).toBe('Bearer');
    }
  });

  it.each([
    ['another scheme', () => `Basic ${good.key}`, 'missing_api_key'],
    ['no key after the scheme', () => 'Bearer', 'missing_api_key'],
    ['a key of another kind', () => 'Bearer sk-1234567890', 'invalid_api_key'],
    ['an unknown key', () => `Bearer ${UNKNOWN_KEY}`, 'invalid_api_key'],
    ['a revoked key', () => `Bearer ${revoked.key}`, 'revoked_api_key'],
    ['an expired key', () => `Bearer ${expired.key}`, 'expired_api_key'],
  ])('%s is 401 before anything that is wrong with the body', async (_name, authorization, code) => {
    const wrong = ['{', '[]', { model: 'test-model' }, { model: 'nope', messages: MESSAGES }];
    for (const body of [...wrong, 'x'.repeat(MAX_BODY_BYTES + 1)]) {
      const { status, error } = await send(path, body, authorization());
      expect({ status, code: error.code }).toEqual({ status: 401, code });
      expect(error.type).toBe('authentication_error');
    }
  });

  it('a good body does not help a revoked or expired key', async () => {
    for (const [{ key }, code] of [
      [revoked, 'revoked_api_key'],
      [expired, 'expired_api_key'],
    ] as const) {
      expect(await send(path, valid, `Bearer ${key}`)).toMatchObject({ status: 401, error: { code } });
    }
    expect((await send(path, valid, `Bearer ${UNKNOWN_KEY}`)).error.code).toBe('invalid_api_key');
  });

  it('a bad key is 401 while its body is still on its way', async () => {
    const socket = connect(gateway.port, '127.0.0.1');
    let answer = '';
    socket.on('data', (bytes: Buffer) => (answer += bytes.toString()));
    socket.write(
      `POST ${path}/chat/completions HTTP/1.1\r\nHost: gateway\r\nAuthorization: Bearer ${UNKNOWN_KEY}\r\n` +
        'Content-Type: application/json\r\nContent-Length: 50000\r\n\r\n{"model":"test-model",',
    );
    await until(() => answer.includes('invalid_api_key'));
    expect(answer).toMatch(/^HTTP\/1\.1 401 /);
    expect(answer).toMatch(/^www-authenticate: bearer\r$/im);
    expect(answer).toMatch(/^x-request-id: req_/im);
    socket.destroy();
  });

  it.each([
    ['half a body', '{"model": "test-model",', 'invalid_json', null],
    ['no body', '', 'invalid_json', null],
    ['an array', '[]', 'invalid_json', null],
    [
      'a body that is nested without end',
      '{"a":'.repeat(5_000) + '1' + '}'.repeat(5_000),
      'invalid_json',
      null,
    ],
    ['no model', { messages: MESSAGES }, 'missing_required_parameter', 'model'],
    ['no messages', { model: 'test-model' }, 'missing_required_parameter', 'messages'],
    ['null for messages', { model: 'test-model', messages: null }, 'invalid_value', 'messages'],
    ['empty messages', { model: 'test-model', messages: [] }, 'invalid_value', 'messages'],
    [
      'a message without content',
      { model: 'test-model', messages: [...MESSAGES, { role: 'user' }] },
      'missing_required_parameter',
      'messages[1].content',
    ],
    [
      'a part without text',
      { model: 'test-model', messages: [{ role: 'user', content: [{ type: 'text' }] }] },
      'missing_required_parameter',
      'messages[0].content[0].text',
    ],
    [
      'a role that is none',
      { model: 'test-model', messages: [{ role: 'king', content: 'Hi' }] },
      'invalid_value',
      'messages[0].role',
    ],
    [
      '"true" for stream',
      { model: 'test-model', messages: MESSAGES, stream: 'true' },
      'invalid_value',
      'stream',
    ],
    [
      'a temperature of 3',
      { model: 'test-model', messages: MESSAGES, temperature: 3 },
      'invalid_value',
      'temperature',
    ],
    ['129 choices', { model: 'test-model', messages: MESSAGES, n: 129 }, 'invalid_value', 'n'],
    [
      'a wish for audio',
      { model: 'test-model', messages: MESSAGES, audio: {} },
      'unsupported_parameter',
      'audio',
    ],
    [
      'an unpriced service tier',
      { model: 'test-model', messages: MESSAGES, service_tier: 'priority' },
      'unsupported_parameter',
      'service_tier',
    ],
    [
      'an unknown sandbox option',
      { model: 'sandbox/echo:bananas', messages: MESSAGES },
      'invalid_value',
      'model',
    ],
  ])('%s is 400 and names its field', async (_name, body, code, param) => {
    const { status, error } = await send(path, body);
    expect({ status, code: error.code, param: error.param }).toEqual({ status: 400, code, param });
    expect(error.type).toBe('invalid_request_error');
  });

  it('shape comes before the model, and the model before whether the key may use it', async () => {
    expect((await send(path, { model: 'nope', messages: [] })).error.param).toBe('messages');
    const unknown = await send(path, { model: 'nope', messages: MESSAGES }, `Bearer ${limited.key}`);
    expect(unknown).toMatchObject({ status: 404, error: { code: 'model_not_found', param: 'model' } });
    const forbidden = await send(path, valid, `Bearer ${limited.key}`);
    expect(forbidden).toMatchObject({
      status: 403,
      error: { type: 'permission_error', code: 'model_not_allowed', param: 'model' },
    });
  });

  it('null in an optional field is its absence, and unknown fields are nothing', async () => {
    const { error } = await send(path, {
      ...valid,
      temperature: null,
      tools: null,
      stop: null,
      stream_options: null,
      bananas: { deep: [null] },
      audio: {},
    });
    expect(error.param).toBe('audio');
  });

  it('a body over the limit is 413, with a length or without', async () => {
    const long = 'x'.repeat(MAX_BODY_BYTES + 1);
    expect(await send(path, long)).toMatchObject({ status: 413, error: { code: 'request_too_large' } });
    const chunked = await fetch(`${gateway.url}${path}/chat/completions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${good.key}` },
      body: new Blob([long]).stream(),
      duplex: 'half',
    });
    expect(await refusalOf(chunked)).toMatchObject({
      status: 413,
      error: { type: 'invalid_request_error', code: 'request_too_large' },
    });
  });

  it('a compressed body is 400, since it would have to be trusted to be small', async () => {
    const response = await fetch(`${gateway.url}${path}/chat/completions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${good.key}`, 'content-encoding': 'gzip' },
      body: 'x',
    });
    expect(await refusalOf(response)).toMatchObject({ status: 400 });
  });

  it.each([
    ['PATCH', '/chat/completions'],
    ['PUT', '/chat/completions'],
    ['POST', '/models'],
    ['POST', '/nowhere'],
    ['GET', '/%E0%A4%A'],
    ['GET', ''],
  ])('%s on %s is an envelope like any other', async (method, route) => {
    const response = await fetch(`${gateway.url}${path}${route}`, { method });
    const { status, error } = await refusalOf(response);
    expect([400, 404]).toContain(status);
    expect(error.type).toBe('invalid_request_error');
  });
});
