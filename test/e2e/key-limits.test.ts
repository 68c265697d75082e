import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { WebSocket } from 'ws';
import { Intake } from '../../src/http/intake.js';
import { Payer } from '../../src/payments/payer.js';
import { TestGateway, type CreatedKey } from '../support/gateway.js';
import { startScriptedUpstream, type ScriptedUpstream } from '../support/scripted-upstream.js';
import { SlowUpload } from '../support/slow-upload.js';
import { until } from '../support/until.js';
import { SocketClient } from './responses-socket/socket-client.js';
import { ASKERS, complete, fileOf, oneJob } from './charging/askers.js';

let upstream: ScriptedUpstream;
let gateway: TestGateway;

beforeAll(async () => {
  upstream = await startScriptedUpstream();
  gateway = await TestGateway.start({ file: fileOf(upstream.url) });
});
beforeEach(() => {
  upstream.reset();
  upstream.always(complete);
});
afterAll(async () => {
  await gateway.close();
  await upstream.close();
});

type Ask = (key: CreatedKey) => Promise<{ readonly status: number }>;

const CHAT = { model: 'test-model', messages: [{ role: 'user', content: 'Hi' }] };

const ask =
  (method: string, path: string, body?: string | object): Ask =>
  ({ key }) =>
    fetch(`${gateway.url}${path}`, {
      method,
      headers: { authorization: `Bearer ${key}` },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });

/** Sends the rest once the request was counted: that is, while it is on its way. */
const slowly =
  (path: string, body: object, headers: Readonly<Record<string, string>> = {}): Ask =>
  async ({ id, key }) => {
    const upload = new SlowUpload(`${gateway.url}${path}`, key, JSON.stringify(body), headers);
    await until(async () => (await arrivalOf(id)) !== null);
    return upload.finish();
  };

async function arrivalOf(id: string): Promise<unknown> {
  const { rows } = await gateway.pool.query<{ at: unknown }>(
    'SELECT rate_arrival_at AS at FROM api_keys WHERE id = $1',
    [id],
  );
  return rows[0]?.at ?? null;
}

const openSocket: Ask = ({ key }) =>
  new Promise((resolve, reject) => {
    const socket = new WebSocket(`${gateway.url.replace('http', 'ws')}/v1/responses`, {
      headers: { authorization: `Bearer ${key}` },
    });
    socket.once('error', reject).once('open', () => {
      socket.once('close', () => resolve({ status: 101 }));
      socket.close();
    });
  });

const once = { 'idempotency-key': 'once' };

const REQUESTS: readonly (readonly [string, number, Ask])[] = [
  ['a chat call', 200, ask('POST', '/v1/chat/completions', CHAT)],
  ['a chat call that takes its time', 200, slowly('/v1/chat/completions', CHAT)],
  ['one that is to run once', 200, slowly('/external/v1/chat/completions', CHAT, once)],
  ['a Response that takes its time', 200, slowly('/v1/responses', { model: 'test-model', input: 'Hi' })],
  ['a malformed body', 400, ask('POST', '/v1/chat/completions', '{bad')],
  ['a wrong shape', 400, ask('POST', '/v1/responses', { model: 1 })],
  ['a wrong shape that takes its time', 400, slowly('/v1/responses', { model: 1 })],
  ['an unknown model', 404, ask('POST', '/external/v1/chat/completions', { ...CHAT, model: 'none' })],
  ['an unknown model, slowly', 404, slowly('/v1/chat/completions', { ...CHAT, model: 'none' })],
  ['the models', 200, ask('GET', '/v1/models')],
  ['a model', 200, ask('GET', '/external/v1/models/test-model')],
  ['a conversation', 200, ask('POST', '/v1/conversations')],
  ['a conversation with metadata', 200, ask('POST', '/v1/conversations', { metadata: { a: 'b' } })],
  ['items for no conversation', 404, ask('POST', '/v1/conversations/conv_0/items', { items: [] })],
  ['a count', 200, ask('POST', '/v1/responses/input_tokens', { model: 'test-model', input: 'Hi' })],
  ['a count of nothing', 400, ask('POST', '/v1/responses/input_tokens', '')],
  ['a compaction of nothing', 400, ask('POST', '/v1/responses/compact', {})],
  ['a retrieval', 404, ask('GET', '/v1/responses/resp_0')],
  ['a cancellation', 404, ask('POST', '/external/v1/responses/resp_0/cancel')],
  ['stored completions', 200, ask('GET', '/v1/chat/completions')],
  ['new metadata', 404, ask('POST', '/v1/chat/completions/resp_0', { metadata: {} })],
  ['receipts', 200, ask('GET', '/v1/receipts')],
  ['videos', 200, ask('GET', '/v1/videos')],
  ['a remix of nothing', 404, ask('POST', '/v1/videos/video_0/remix', { prompt: 'Hi' })],
  ['a WebSocket', 101, openSocket],
];

describe('the rate of a key counts once', () => {
  it.each(REQUESTS)('%s', async (_name, status, asked) => {
    const key = await gateway.createKey({ rate_limit_rpm: 2 });
    expect((await asked(key)).status).toBe(status);
    const next = await ask('GET', '/v1/models')(key);
    expect(next.status).toBe(200);
    const refused = (await ask('GET', '/v1/models')(key)) as Response;
    expect(refused.status).toBe(429);
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
    expect(await refused.json()).toMatchObject({
      error: {
        code: 'rate_limit_exceeded',
        message: expect.stringMatching(/^This key's limit of 2 requests per minute is reached\./) as unknown,
      },
    });
    await gateway.idle();
  });

  it.each(ASKERS)('$name that is to run once, and each repetition', async (asker) => {
    if (asker.name === 'a video') upstream.always(oneJob(() => ({ status: 'in_progress', progress: 1 })));
    const key = await gateway.createKey({ rate_limit_rpm: 3 });
    const send = async (): Promise<number> => {
      const answer = await asker.send(gateway, key.key, { headers: once });
      await answer.text();
      await gateway.idle();
      return answer.status;
    };
    const first = await send();
    expect([await send(), await send(), await send()]).toEqual([first, first, 429]);
    if (asker.name !== 'a video') return;
    upstream.always(oneJob(() => ({ status: 'completed', progress: 100 })));
    await until(async () => (await gateway.keyBudget(key.id)).held === 0);
  });

  it.each(ASKERS)('$name of an account without room for what is to run once', async (asker) => {
    const key = await gateway.createKey({ account: 'full', rate_limit_rpm: 2 });
    await gateway.pool.query(`UPDATE accounts SET max_stored_bytes = 0 WHERE id = 'full'`);
    const send = async (): Promise<number> => (await asker.send(gateway, key.key, { headers: once })).status;
    expect([await send(), await send(), await send()]).toEqual([403, 403, 429]);
  });

  it('a response on a WebSocket, and a message that is refused', async () => {
    const key = await gateway.createKey({ rate_limit_rpm: 4 });
    const socket = await SocketClient.open(gateway.url, key.key);
    await socket.turn();
    await socket.turn({ generate: false });
    expect(await socket.refusal({ type: 'response.create' })).toMatchObject({ status: 400 });
    expect(await socket.refusal({ type: 'response.create', model: 'test-model', input: 'Hi' })).toMatchObject(
      {
        status: 429,
        error: { code: 'rate_limit_exceeded' },
      },
    );
    socket.socket.close();
    await socket.closed;
    await gateway.idle();
  });

  it('what is refused with 429 before anything of its body is read', async () => {
    const key = await gateway.createKey({ rate_limit_rpm: 1 });
    await ask('GET', '/v1/models')(key);
    const upload = new SlowUpload(`${gateway.url}/v1/chat/completions`, key.key, JSON.stringify(CHAT));
    expect((await upload.answer).status).toBe(429);
  });
});

describe('requests at a time', () => {
  const intake = (): Intake => gateway.app.get(Intake);
  const uploadsOf = (key: CreatedKey): number => intake().uploadsOf(Payer.ofKey(key.key));

  it.each(['/v1/chat/completions', '/v1/conversations'])(
    'are also those that are being read: %s',
    async (path) => {
      const key = await gateway.createKey({ max_concurrent_requests: 1 });
      const body = JSON.stringify({ ...CHAT, metadata: {} });
      const first = new SlowUpload(`${gateway.url}${path}`, key.key, body);
      await until(() => uploadsOf(key) === 1);
      const second = await new SlowUpload(`${gateway.url}${path}`, key.key, body).answer;
      expect([second.status, second.headers['retry-after']]).toEqual([429, '1']);
      expect(second.body).toContain("This key's limit of 1 request at a time is reached.");
      expect((await first.finish()).status).toBe(200);
      await until(() => uploadsOf(key) === 0);
      expect((await new SlowUpload(`${gateway.url}${path}`, key.key, body).finish()).status).toBe(200);
    },
  );

  it('leave room to look at what runs', async () => {
    const key = await gateway.createKey({ max_concurrent_requests: 1 });
    const body = JSON.stringify(CHAT);
    const upload = new SlowUpload(`${gateway.url}/v1/chat/completions`, key.key, body);
    await until(() => uploadsOf(key) === 1);
    expect((await ask('GET', '/v1/models')(key)).status).toBe(200);
    expect((await upload.finish()).status).toBe(200);
  });
});
