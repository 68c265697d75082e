import { connect, type Socket } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { expectSoundBooks } from '../support/books.js';
import { chatChunk, chatUsage, sse, usageChunk } from '../support/chat-wire.js';
import { fileFor, TestGateway, type CreatedKey } from '../support/gateway.js';
import { startScriptedUpstream, type Exchange, type ScriptedUpstream } from '../support/scripted-upstream.js';
import { until } from '../support/until.js';

let upstream: ScriptedUpstream;
let gateway: TestGateway;
let created: CreatedKey;

/** Ports of the clients whose sockets the gateway still has. */
const openClients = new Set<number>();

beforeAll(async () => {
  upstream = await startScriptedUpstream();
  gateway = await TestGateway.start({ file: fileFor(upstream.url) });
  gateway.server.on('connection', (socket) => {
    const { remotePort = 0 } = socket;
    openClients.add(remotePort);
    socket.once('close', () => openClients.delete(remotePort));
  });
});
afterEach(() => expectSoundBooks(gateway.pool));
afterAll(async () => {
  await gateway.close();
  await upstream.close();
});

/** A client whose connection the test owns. */
async function post(body: object): Promise<Socket> {
  const text = JSON.stringify({ model: 'test-model', messages: [{ role: 'user', content: 'Hi' }], ...body });
  const socket = connect(gateway.port, '127.0.0.1');
  socket.on('error', () => undefined);
  await new Promise<void>((resolve) => socket.once('connect', resolve));
  socket.write(
    `POST /v1/chat/completions HTTP/1.1\r\nHost: gateway\r\nAuthorization: Bearer ${created.key}\r\n` +
      `Content-Type: application/json\r\nContent-Length: ${Buffer.byteLength(text)}\r\n\r\n${text}`,
  );
  return socket;
}

function received(socket: Socket): { text: string } {
  const seen = { text: '' };
  socket.on('data', (bytes: Buffer) => (seen.text += bytes.toString()));
  return seen;
}

async function receipts(): Promise<{ final_amount: string; estimated: boolean }[]> {
  const { rows } = await gateway.pool.query<{ final_amount: string; estimated: boolean }>(
    'SELECT final_amount, estimated FROM receipts WHERE key_id = $1',
    [created.id],
  );
  return rows;
}

async function freshKey(): Promise<void> {
  upstream.reset();
  created = await gateway.createKey({ budget_limit: '1000000' });
}

const FRAMES = [
  chatChunk({ role: 'assistant', content: '' }),
  ...['The', ' quick', ' brown', ' fox'].map((content) => chatChunk({ content })),
  chatChunk({}, 'stop'),
];

describe('a client that leaves a stream', () => {
  // The first frame alone says nothing, and the last one waits for the end of the upstream's stream.
  it.each([2, 3, 4, 5, 6])('after %i frames pays for what had come by then', async (sent) => {
    await freshKey();
    let exchange: Exchange | undefined;
    upstream.next(async (one) => {
      exchange = one;
      await one.send(sse(...FRAMES.slice(0, sent)));
    });
    const socket = await post({ stream: true });
    const seen = received(socket);
    await until(() => seen.text.split('\ndata: ').length === Math.min(sent, 5) + 1);
    socket.destroy();
    await exchange?.aborted;
    await gateway.idle();
    // One input token for "Hi" and one for each word that had come, at 1 and 2 atomic units, and the fee.
    const words = Math.min(Math.max(sent - 1, 0), 4);
    expect(await receipts()).toEqual([{ final_amount: String(1 + 2 * words + 1), estimated: true }]);
    expect(await gateway.keyBudget(created.id)).toMatchObject({ held: 0 });
  });

  it('after the upstream gave its count pays by that count', async () => {
    await freshKey();
    let exchange: Exchange | undefined;
    upstream.next(async (one) => {
      exchange = one;
      await one.send(
        sse(...FRAMES.slice(0, 2), usageChunk(chatUsage(100, 50)), chatChunk({ content: ' on' })),
      );
    });
    const socket = await post({ stream: true });
    const seen = received(socket);
    await until(() => seen.text.includes(' on'));
    socket.destroy();
    await exchange?.aborted;
    await gateway.idle();
    expect(await receipts()).toEqual([{ final_amount: '202', estimated: false }]);
  });

  it.each([{ stream: true }, { stream: false }])(
    'before the first word pays for its input alone, and the upstream is told at once (%j)',
    async (body) => {
      await freshKey();
      let exchange: Exchange | undefined;
      upstream.next(async (one) => {
        if (body.stream) await one.send(sse(FRAMES[0]));
        exchange = one;
      });
      const socket = await post(body);
      await until(() => exchange !== undefined);
      const leftMs = performance.now();
      socket.destroy();
      // Promised within 100 ms while the upstream is silent; three hundred times that is certainly broken.
      expect((await exchange!.aborted) - leftMs).toBeLessThan(30_000);
      await gateway.idle();
      expect(await receipts()).toEqual([{ final_amount: '2', estimated: true }]);
    },
  );

  it('while its hold is being taken pays nothing, and nothing is sent', async () => {
    await freshKey();
    const blocker = await gateway.pool.connect();
    try {
      await blocker.query('BEGIN');
      await blocker.query('SELECT FROM api_keys WHERE id = $1 FOR UPDATE', [created.id]);
      const socket = await post({ stream: true });
      const port = socket.localPort ?? 0;
      await until(() => gateway.runningCalls === 1);
      await until(async () => {
        const waiting = await gateway.pool.query(
          `SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query ~ 'take_holds|INTO holds' AND datname = current_database()`,
        );
        return waiting.rowCount === 1;
      });
      socket.destroy();
      await until(() => !openClients.has(port));
    } finally {
      await blocker.query('ROLLBACK');
      blocker.release();
    }
    await gateway.idle();
    expect(upstream.requests).toHaveLength(0);
    expect(await receipts()).toEqual([]);
    expect(await gateway.keyBudget(created.id)).toEqual({ spent: 0, held: 0 });
  });

  it('before the request is complete leaves nothing behind', async () => {
    await freshKey();
    const socket = connect(gateway.port, '127.0.0.1');
    socket.write(
      `POST /v1/chat/completions HTTP/1.1\r\nHost: gateway\r\nAuthorization: Bearer ${created.key}\r\n` +
        'Content-Length: 1000\r\n\r\n{"model":',
    );
    await new Promise((resolve) => socket.once('connect', resolve));
    const port = socket.localPort ?? 0;
    await until(() => openClients.has(port));
    socket.destroy();
    await until(() => !openClients.has(port));
    expect(gateway.runningCalls).toBe(0);
    expect(await receipts()).toEqual([]);
  });
});

describe('after many clients have left', () => {
  it('no call, connection or socket is left', async () => {
    await freshKey();
    const acceptedBefore = upstream.acceptedSockets;
    const exchanges: Exchange[] = [];
    upstream.always(async (exchange) => {
      exchanges.push(exchange);
      await exchange.send(sse(...FRAMES.slice(0, 2)));
    });
    const sockets = await Promise.all(Array.from({ length: 40 }, () => post({ stream: true })));
    const seen = sockets.map(received);
    await until(() => seen.every(({ text }) => text.includes('The')));
    const ports = sockets.map(({ localPort }) => localPort ?? 0);
    for (const socket of sockets) socket.destroy();
    await Promise.all(exchanges.map(({ aborted }) => aborted));
    await gateway.idle();
    await until(() => !ports.some((port) => openClients.has(port)));
    await until(() => upstream.openSockets === 0);
    upstream.reset();
    const answered = received(await post({}));
    await until(() => answered.text.includes('Hello!'));
    expect(upstream.acceptedSockets - acceptedBefore).toBeLessThanOrEqual(41);
    await gateway.idle();
    expect(await receipts()).toHaveLength(41);
    expect(gateway.runningCalls).toBe(0);
  });
});
