import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Answer } from '../../../src/providers/http/converse.js';
import { UpstreamClient } from '../../../src/providers/http/upstream-client.js';
import { UpstreamFailure } from '../../../src/providers/upstream-failure.js';

const FRAMINGS = ['length', 'chunked', 'until the end'] as const;
const SIZES = [65_536, 70_000, 200_000, 400_000];
/** How the reader keeps the upstream waiting: before it reads at all, or between its reads. */
const READERS = [
  { firstMs: 0, betweenMs: 0 },
  { firstMs: 100, betweenMs: 0 },
  { firstMs: 50, betweenMs: 20 },
];

interface Said {
  readonly framing: (typeof FRAMINGS)[number];
  readonly size: number;
  readonly keeps: boolean;
  readonly end: 'closes' | 'resets';
}

let said: Said;
let server: Server;
let client: UpstreamClient;
const failures: unknown[] = [];
const note = (failure: unknown): void => void failures.push(failure);

function answer(socket: Socket): void {
  const { framing, size, keeps, end } = said;
  const head = ['HTTP/1.1 200 OK', `Connection: ${keeps ? 'keep-alive' : 'close'}`];
  if (framing === 'length') head.push(`Content-Length: ${size}`);
  if (framing === 'chunked') head.push('Transfer-Encoding: chunked');
  socket.write(`${head.join('\r\n')}\r\n\r\n`);
  for (let sent = 0; sent < size; sent += 1_000) {
    const piece = 'x'.repeat(Math.min(1_000, size - sent));
    socket.write(framing === 'chunked' ? `${piece.length.toString(16)}\r\n${piece}\r\n` : piece);
  }
  if (end === 'resets') setTimeout(() => socket.resetAndDestroy(), 60);
  else if (keeps) socket.write(framing === 'chunked' ? '0\r\n\r\n' : '');
  else socket.end(framing === 'chunked' ? '0\r\n\r\n' : '');
}

beforeAll(async () => {
  server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.on('data', () => answer(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  // What a listener of a socket throws ends a process.
  process.on('uncaughtException', note);
});
beforeEach(() => {
  const { port } = server.address() as AddressInfo;
  const limits = { timeoutMs: 60_000, firstByteTimeoutMs: 60_000, silenceTimeoutMs: 60_000 };
  const settings = { ...limits, connectTimeoutMs: 20_000, maxConnections: 1, headers: {} };
  client = new UpstreamClient(settings as never, `http://127.0.0.1:${port}`, {});
});
afterEach(() => client.destroy());
afterAll(async () => {
  process.off('uncaughtException', note);
  await new Promise((resolve) => server.close(resolve));
});

function ask(): Answer {
  const { signal } = new AbortController();
  return client.send({ method: 'POST', path: '/', body: '{}' }, { signal, stream: false });
}

async function bytesOf(
  reading: Answer,
  { firstMs, betweenMs }: (typeof READERS)[number],
): Promise<number | UpstreamFailure> {
  let bytes = 0;
  try {
    await reading.head();
    await sleep(firstMs);
    for (;;) {
      const chunks = await reading.read();
      if (!chunks) return bytes;
      for (const chunk of chunks) bytes += chunk.length;
      await sleep(betweenMs);
    }
  } catch (failure) {
    if (failure instanceof UpstreamFailure) return failure;
    throw failure;
  } finally {
    reading.close();
  }
}

describe('an upstream that closes its connection while its reader is slow', () => {
  it.each(FRAMINGS)('loses nothing and ends nothing else: %s', async (framing) => {
    for (const size of SIZES)
      for (const reader of READERS) {
        said = { framing, size, keeps: false, end: 'closes' };
        expect([size, reader, await bytesOf(ask(), reader)]).toEqual([size, reader, size]);
      }
    expect(failures).toEqual([]);
  });

  it.each(FRAMINGS)('ends its own answer alone when it resets it: %s', async (framing) => {
    for (const size of SIZES)
      for (const reader of READERS)
        for (const keeps of [true, false]) {
          said = { framing, size, keeps, end: 'resets' };
          const got = await bytesOf(ask(), reader);
          if (typeof got === 'number') expect(got).toBeLessThanOrEqual(size);
        }
    expect(failures).toEqual([]);
  });
});

describe('a connection whose reader was slow', () => {
  it.each(['length', 'chunked'] as const)(
    'serves the next call, whoever still reads the last: %s',
    async (framing) => {
      for (const size of SIZES) {
        said = { framing, size, keeps: true, end: 'closes' };
        const [slow, quick] = [ask(), ask()];
        await slow.head();
        const slowly = bytesOf(slow, { firstMs: 100, betweenMs: 20 });
        expect(await bytesOf(quick, READERS[0]!)).toBe(size);
        expect(await slowly).toBe(size);
      }
      expect(failures).toEqual([]);
    },
  );
});
