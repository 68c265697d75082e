import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { afterEach, describe, expect, it } from '@jest/globals';
import { Observable, type Subscriber } from 'rxjs';
import { fromPull } from '../../src/streaming/from-pull.js';
import { ResponseWriter } from '../../src/streaming/response-writer.js';
import { RawClient, serve } from './raw-exchange.js';
import { exchange, type Exchange, Gathered, listenersOf, plainFrames, SETTINGS } from './writer-harness.js';

let current: Exchange | undefined;
async function run(...parameters: Parameters<typeof exchange>): Promise<Exchange> {
  current = await exchange(...parameters);
  return current;
}
afterEach(async () => {
  await current?.stop();
  current = undefined;
});

class Source {
  unsubscribed = 0;
  private leave: () => void = () => undefined;
  readonly left = new Promise<void>((resolve) => (this.leave = resolve));
  subscriber: Subscriber<string> | undefined;
  readonly observable = new Observable<string>((subscriber) => {
    this.subscriber = subscriber;
    return () => {
      this.unsubscribed += 1;
      this.leave();
    };
  });
}

/** Promised within 100 ms from the client's leaving to the end of the work; what waits for a limit takes twice this. */
const ABORT_MS = 30_000;

describe('a client that leaves', () => {
  it.each([
    ['a stream that has begun', 'begun'],
    ['a stream of which nothing was written', 'silent'],
    ['a whole answer', 'whole'],
  ])('ends the work, although the source goes on: %s', async (_name, kind) => {
    const source = new Source();
    const exchanged = await run(() => source.observable, kind === 'whole' ? { body: new Gathered() } : {});
    if (kind === 'begun') {
      source.subscriber?.next('a');
      await exchanged.client.receives('data: a');
    }
    const leftAt = performance.now();
    exchanged.client.socket.destroy();
    await source.left;
    expect(performance.now() - leftAt).toBeLessThan(ABORT_MS);
    expect(await exchanged.written).toBeUndefined();
    expect(source.unsubscribed).toBe(1);
    expect(listenersOf(exchanged.response)).toEqual(exchanged.listenersBefore);
  });

  it('before the work began does not begin it', async () => {
    let opened = false;
    let finish: () => void = () => undefined;
    const finished = new Promise<void>((resolve) => (finish = resolve));
    const server = await serve((_request, response) => {
      void once(response, 'close')
        .then(() =>
          new ResponseWriter(SETTINGS).stream(
            response,
            () => {
              opened = true;
              return new Source().observable;
            },
            plainFrames,
          ),
        )
        .then(finish);
    });
    const client = await RawClient.connect(server.port);
    const asked = once(server.server, 'request');
    client.send('GET / HTTP/1.1\r\nHost: test\r\n\r\n');
    await asked;
    client.socket.destroy();
    await finished;
    expect(opened).toBe(false);
    await server.stop();
  });

  it('while its answer waits behind another one of its connection ends the work too', async () => {
    const source = new Source();
    const server = await serve((request, response) => {
      if (request.url === '/first') return;
      void new ResponseWriter(SETTINGS).stream(response, () => source.observable, plainFrames);
    });
    const client = await RawClient.connect(server.port);
    client.send('GET /first HTTP/1.1\r\nHost: test\r\n\r\nGET /second HTTP/1.1\r\nHost: test\r\n\r\n');
    while (!source.subscriber) await new Promise(setImmediate);
    client.socket.destroy();
    await source.left;
    expect(source.unsubscribed).toBe(1);
    await server.stop();
  });
});

describe('a client that stops reading', () => {
  it('stops a pull source of 200 MB, keeps memory flat, and is dropped after stallMs', async () => {
    const batch = Array.from({ length: 64 }, () => randomBytes(512).toString('hex'));
    const batchBytes = batch.join('').length;
    let batches = 0;
    let aborted = false;
    async function* endless(signal: AbortSignal): AsyncGenerator<string[]> {
      signal.addEventListener('abort', () => (aborted = true));
      for (; batches * batchBytes < 200_000_000; batches += 1) {
        yield batch;
        await new Promise(setImmediate);
      }
    }
    const heapBefore = process.memoryUsage().heapUsed + process.memoryUsage().external;
    const startedAt = performance.now();
    const exchanged = await run((demand) => fromPull(endless, demand), {
      settings: { stallMs: 400 },
      reading: false,
    });
    expect(await exchanged.written).toBeUndefined();
    const { heapUsed, external } = process.memoryUsage();
    expect(performance.now() - startedAt).toBeGreaterThanOrEqual(400);
    expect(aborted).toBe(true);
    expect(batches * batchBytes).toBeLessThan(20_000_000);
    expect(heapUsed + external - heapBefore).toBeLessThan(30_000_000);
    expect(exchanged.response.destroyed).toBe(true);
    expect(listenersOf(exchanged.response)).toEqual(exchanged.listenersBefore);
  });

  it('and reads on again gets every frame in order', async () => {
    const frames = Array.from({ length: 3000 }, (_, index) => `${index}-${'x'.repeat(4000)}`);
    async function* batches(): AsyncGenerator<string[]> {
      for (let at = 0; at < frames.length; at += 10) {
        yield frames.slice(at, at + 10);
        await new Promise(setImmediate);
      }
    }
    let waited = 0;
    const { client, written } = await run(
      (demand) =>
        fromPull(batches, {
          ready: () => {
            const ready = demand.ready();
            if (ready) waited += 1;
            return ready;
          },
        }),
      { reading: false },
    );
    while (waited === 0) await new Promise(setImmediate);
    client.read();
    await client.receives('[DONE]');
    const shown = client.answer.chunks.join('').matchAll(/data: (\d+)-x+\n\n/g);
    expect([...shown].map(([, index]) => Number(index))).toEqual(frames.map((_, index) => index));
    expect(await written).toBeUndefined();
  });

  it('is dropped at once when a source that cannot wait fills more than bufferBytes', async () => {
    const source = new Source();
    const exchanged = await run(() => source.observable, {
      settings: { bufferBytes: 100_000 },
      reading: false,
    });
    for (let pushes = 0; source.unsubscribed === 0 && pushes < 5000; pushes += 1) {
      source.subscriber?.next('x'.repeat(10_000));
      await new Promise(setImmediate);
    }
    expect(await exchanged.written).toBeUndefined();
    expect(exchanged.response.destroyed).toBe(true);
    expect(source.unsubscribed).toBe(1);
  });

  it('is not dropped for one read that became more frames than bufferBytes', async () => {
    const { client, written } = await run(
      () =>
        new Observable<string>((subscriber) => {
          for (let index = 0; index < 50; index += 1) subscriber.next('y'.repeat(10_000));
          subscriber.complete();
        }),
      { settings: { bufferBytes: 10_000 } },
    );
    await client.receives('[DONE]');
    expect(await written).toBeUndefined();
  });

  it('is dropped when it does not take the end of its answer', async () => {
    const exchanged = await run(
      () =>
        new Observable<string>((subscriber) => {
          subscriber.next('z'.repeat(20_000_000));
          subscriber.complete();
        }),
      { settings: { stallMs: 100 }, reading: false },
    );
    expect(await exchanged.written).toBeUndefined();
    expect(exchanged.response.destroyed).toBe(true);
  });
});
