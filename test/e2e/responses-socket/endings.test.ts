import { describe, expect, it } from '@jest/globals';
import { expectSoundBooks } from '../../support/books.js';
import { nextStalls } from '../../support/chat-scripts.js';
import { chatChunk, sse } from '../../support/chat-wire.js';
import { fileFor, TestGateway } from '../../support/gateway.js';
import { expectLegalEvents } from '../../support/response-event-checker.js';
import { until } from '../../support/until.js';
import { ResponseSockets } from '../../../src/responses/socket/response-sockets.js';
import { shutDown } from '../../../src/app/shutdown.js';
import { refusedUpgrade, SocketClient } from './socket-client.js';
import { SocketFixture, WORKING } from './socket-fixture.js';

const ASKED = { type: 'response.create', model: 'test-model', input: 'Hi' };

describe('a socket that has reached its age', () => {
  const fixture = new SocketFixture({ SOCKET_LIFETIME_MS: '15000', SHUTDOWN_GRACE_MS: '60000' });

  it('is closed when nothing runs', async () => {
    expect(await fixture.client.closed).toEqual({
      code: 1000,
      reason: 'The connection has reached its age limit.',
    });
    expect(fixture.client.messages).toEqual([]);
  });

  it.each([
    ['[error.websocket_connection_limit_reached] on native', '/v1'],
    ['on external', '/external/v1'],
  ])('lets what runs end, takes nothing else, and is closed: %s', async (_, path) => {
    const { upstream } = fixture;
    const client = await fixture.open({ path });
    const stalled = nextStalls(upstream, WORKING);
    client.create({ stream_id: 'a' });
    client.create({ stream_id: 'a', input: 'waits' });
    const exchange = await stalled;
    const waited = await client.shows(({ type }) => type === 'error');
    expect(waited).toMatchObject({
      status: 400,
      stream_id: 'a',
      error: { type: 'invalid_request_error', code: 'websocket_connection_limit_reached' },
    });
    expect(await client.refusal({ ...ASKED, stream_id: 'b' })).toMatchObject({
      stream_id: 'b',
      error: { code: 'websocket_connection_limit_reached' },
    });
    exchange.stream(chatChunk({}, 'stop'));
    expect(await client.closed).toMatchObject({ code: 1000 });
    const last = path === '/v1' ? ['response.completed', 'compose.receipt'] : ['response.completed'];
    expect(client.messages.slice(-last.length).map(({ type }) => type)).toEqual(last);
    expect(upstream.requests).toHaveLength(1);
  });
});

describe('a socket that has outlived its grace', () => {
  const fixture = new SocketFixture({ SOCKET_LIFETIME_MS: '15000', SHUTDOWN_GRACE_MS: '50' });

  it('ends what runs as if its client had left', async () => {
    const stalled = nextStalls(fixture.upstream, WORKING);
    fixture.client.create();
    const exchange = await stalled;
    const { response } = await fixture.client.shows(({ type }) => type === 'response.created');
    expect(await fixture.client.closed).toMatchObject({ code: 1000 });
    await exchange.aborted;
    await fixture.gateway.idle();
    const stored = await fixture.get((response as { id: string }).id);
    expect(await stored.json()).toMatchObject({ status: 'cancelled' });
  });
});

describe('a client that takes nothing', () => {
  const fixture = new SocketFixture({ STREAM_STALL_MS: '2000' });

  it('is dropped, and its response settled and stored', async () => {
    const { client, upstream, gateway } = fixture;
    const piece = sse(chatChunk({ content: 'slow '.repeat(1_700) })).repeat(8);
    let sentBytes = 0;
    const aborted = new Promise<void>((resolve) => {
      upstream.next(async (exchange) => {
        while (await exchange.send(piece)) sentBytes += piece.length;
        resolve();
      });
    });
    client.create();
    const { response } = await client.shows(({ type }) => type === 'response.created');
    client.socket.pause();
    await aborted;
    await gateway.idle();
    // What fits into the sockets between, and never more however long it would talk.
    expect(sentBytes).toBeLessThan(64 * 1024 ** 2);
    const stored = await fixture.get((response as { id: string }).id);
    expect(await stored.json()).toMatchObject({ status: 'cancelled' });
    client.socket.resume();
    expect(await client.closed).toMatchObject({ code: 1006 });
  });
});

describe('a client that takes nothing of what it provokes', () => {
  const fixture = new SocketFixture({ STREAM_BUFFER_BYTES: '1', STREAM_STALL_MS: '60000' });

  it('is dropped', async () => {
    const { socket, closed } = fixture.client;
    const wrong = JSON.stringify({ stream_id: 'x'.repeat(256) });
    socket.pause();
    await until(async () => {
      for (let message = 0; message < 1_000; message += 1) socket.send(wrong);
      await until(() => socket.bufferedAmount === 0 || socket.readyState !== socket.OPEN);
      return fixture.gateway.app.get(ResponseSockets).size === 0;
    });
    socket.resume();
    expect(await closed).toMatchObject({ code: 1006 });
  });
});

describe('a gateway that ends', () => {
  const fixture = new SocketFixture();

  /** Another gateway on the same database, since it is ended by the test. */
  async function ending(graceMs: number): Promise<{
    idle: SocketClient;
    busy: SocketClient;
    exchange: Awaited<ReturnType<typeof nextStalls>>;
    gateway: TestGateway;
    ended: Promise<void>;
  }> {
    const gateway = await TestGateway.start({
      file: fileFor(fixture.upstream.url),
      database: fixture.gateway.database,
    });
    const idle = await SocketClient.open(gateway.url, fixture.key);
    const busy = await SocketClient.open(gateway.url, fixture.key);
    const stalled = nextStalls(fixture.upstream, WORKING);
    busy.create();
    const exchange = await stalled;
    await busy.shows(({ type }) => type.endsWith('output_text.delta'));
    const ended = shutDown(gateway.app, { graceMs, hurry: new AbortController().signal });
    return { idle, busy, exchange, gateway, ended };
  }

  it('lets what runs end within the grace, and takes nothing else', async () => {
    const { idle, busy, exchange, gateway, ended } = await ending(60_000);
    expect(await idle.closed).toEqual({ code: 1001, reason: 'The gateway is going away.' });
    const { answer, body } = await refusedUpgrade(`${gateway.url}/v1/responses`, {
      authorization: `Bearer ${fixture.key}`,
    });
    expect(answer.statusCode).toBe(503);
    expect(Number(answer.headers['retry-after'])).toBeGreaterThan(0);
    expect(body).toMatchObject({ error: { code: 'service_unavailable' } });
    const error = await busy.refusal({ ...ASKED, stream_id: 'more' });
    expect(error).toMatchObject({ status: 503, error: { code: 'service_unavailable' } });
    exchange.stream(chatChunk({}, 'stop'));
    expect(await busy.closed).toMatchObject({ code: 1001 });
    expect(expectLegalEvents(busy.messages.filter((message) => message !== error))).toMatchObject({
      status: 'completed',
    });
    await ended;
    await expectSoundBooks(fixture.gateway.pool);
  });

  it('cuts off what is left, tells its client and settles it', async () => {
    const { busy, exchange, ended } = await ending(50);
    await exchange.aborted;
    expect(await busy.closed).toMatchObject({ code: 1001 });
    expect(busy.messages.find(({ type }) => type === 'error')).toMatchObject({
      status: 500,
      error: { code: 'server_error' },
    });
    expect(busy.messages.at(-1)).toMatchObject({ type: 'response.failed' });
    await ended;
    await expectSoundBooks(fixture.gateway.pool);
  });

  it('does not wait for a client that answers nothing', async () => {
    const { idle, busy, exchange, ended } = await ending(50);
    idle.socket.pause();
    busy.socket.pause();
    await exchange.aborted;
    await ended;
    idle.socket.terminate();
    busy.socket.terminate();
    await until(() => idle.socket.readyState === idle.socket.CLOSED);
  });
});
