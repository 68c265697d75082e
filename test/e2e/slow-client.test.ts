import { readFile } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { expectSoundBooks } from '../support/books.js';
import { chatChunk, chatUsage, sse, usageChunk } from '../support/chat-wire.js';
import {
  GatewayProcess,
  removeDirectory,
  scratchDirectory,
  testEnvironment,
} from '../support/gateway-process.js';
import { fileFor } from '../support/gateway.js';
import { openHolds, receipts } from '../support/ledger-state.js';
import { startScriptedUpstream, type ScriptedUpstream } from '../support/scripted-upstream.js';
import { createTestDatabase, type TestDatabase } from '../support/test-database.js';
import { until } from '../support/until.js';

const MIB = 1024 ** 2;
/** Long: a test that gets little of a busy machine stalls as well. */
const STALL_MS = 8_000;
/** 64 KiB on the wire, in frames of about 1 KiB. */
const PIECE = Buffer.from(sse(chatChunk({ content: 'slow '.repeat(170) })).repeat(62));

let upstream: ScriptedUpstream;
let database: TestDatabase;
let directory: string;
let gateway: GatewayProcess;

beforeAll(async () => {
  upstream = await startScriptedUpstream();
  database = await createTestDatabase();
  directory = await scratchDirectory();
  gateway = await GatewayProcess.start({
    directory,
    environment: testEnvironment(database.url, { STREAM_STALL_MS: String(STALL_MS) }),
    file: fileFor(upstream.url),
  });
});
afterAll(async () => {
  await gateway.stop();
  await GatewayProcess.endAll();
  await expectSoundBooks(database.pool);
  await database.drop();
  await upstream.close();
  await removeDirectory(directory);
});

/** An upstream that says this many bytes as fast as they are taken. */
function talk(totalBytes: number): { sentBytes: number; ended: Promise<'whole' | 'aborted'> } {
  let end: (how: 'whole' | 'aborted') => void = () => undefined;
  const talking = { sentBytes: 0, ended: new Promise<'whole' | 'aborted'>((resolve) => (end = resolve)) };
  upstream.next(async (exchange) => {
    while (talking.sentBytes < totalBytes) {
      if (!(await exchange.send(PIECE))) return end('aborted');
      talking.sentBytes += PIECE.length;
    }
    exchange.end(sse(chatChunk({}, 'stop'), usageChunk(chatUsage(10, 5)), '[DONE]'));
    end('whole');
  });
  return talking;
}

/** A client that reads only when it is told to. */
async function call(key: string): Promise<Socket> {
  const body = JSON.stringify({
    model: 'test-model',
    stream: true,
    messages: [{ role: 'user', content: 'Hi' }],
  });
  const socket = connect(Number(new URL(gateway.url).port), '127.0.0.1');
  socket.on('error', () => undefined);
  await new Promise<void>((resolve) => socket.once('connect', resolve));
  socket.write(
    `POST /v1/chat/completions HTTP/1.1\r\nHost: gateway\r\nAuthorization: Bearer ${key}\r\n` +
      `Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
  return socket;
}

async function residentBytes(): Promise<number> {
  const status = await readFile(`/proc/${gateway.pid}/status`, 'utf8');
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1]) * 1024;
}

describe('a client that does not read', () => {
  it('makes the upstream wait instead of the memory grow, and is dropped and settled in the end', async () => {
    const { id, key } = await gateway.client.createKey({ budget_limit: '1000000' });
    const before = await residentBytes();
    const talking = talk(1_000 * MIB);
    const socket = await call(key);
    let most = 0;
    const waits = (): Promise<string> => Promise.race([talking.ended, sleep(20, 'waits')]);
    while ((await waits()) === 'waits') most = Math.max(most, await residentBytes());
    expect(await talking.ended).toBe('aborted');
    // What the kernel's buffers on both sides take, and no more.
    expect(talking.sentBytes).toBeLessThan(60 * MIB);
    // A process that has just begun grows by some tens of megabytes whatever it does.
    expect(most - before).toBeLessThan(200 * MIB);
    await until(async () => (await openHolds(database.pool)).length === 0);
    const [receipt] = await receipts(database.pool, id);
    expect(receipt).toMatchObject({ estimated: true });
    expect(receipt?.finalAmount).toBeGreaterThan(100);
    // Reading again is too late.
    let tail = '';
    socket.on('data', (bytes: Buffer) => (tail = bytes.subarray(-100).toString()));
    await new Promise((resolve) => socket.once('close', resolve));
    expect(tail).not.toContain('[DONE]');
  });
});

describe('a client that reads slowly but steadily', () => {
  it('gets everything, although it takes longer than a stall may last', async () => {
    const { id, key } = await gateway.client.createKey();
    const size = 100 * MIB;
    const talking = talk(size);
    const startedAt = performance.now();
    const socket = await call(key);
    let received = 0;
    let tail = '';
    // About 10 MiB a second.
    while (!tail.includes('data: [DONE]')) {
      const bytes = socket.read() as Buffer | null;
      if (bytes) {
        received += bytes.length;
        tail = (tail + bytes.subarray(-8_000).toString()).slice(-8_000);
        await sleep(bytes.length / 10_000);
      } else if (socket.readableEnded || socket.destroyed) break;
      else await sleep(5);
    }
    expect(tail).toContain('event: compose.receipt');
    expect(tail).toContain('data: [DONE]');
    expect(await talking.ended).toBe('whole');
    expect(received).toBeGreaterThan(size * 0.9);
    expect(performance.now() - startedAt).toBeGreaterThan(STALL_MS);
    expect(await receipts(database.pool, id)).toEqual([{ finalAmount: 21, estimated: false }]);
    socket.destroy();
  });
});
