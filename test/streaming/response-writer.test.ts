import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { from, NEVER, Observable, of, Subject, throwError } from 'rxjs';
import { GatewayError } from '../../src/base/errors/gateway-error.js';
import { until } from '../support/until.js';
import { exchange, type Exchange, Gathered, listenersOf, plainFrames } from './writer-harness.js';

Logger.overrideLogger(false);

let current: Exchange | undefined;
async function run(...parameters: Parameters<typeof exchange>): Promise<Exchange> {
  current = await exchange(...parameters);
  return current;
}

/** Everything the writer began has ended: its listeners are gone, and no timer keeps the process awake. */
async function expectNothingLeft({ response, listenersBefore }: Exchange): Promise<void> {
  expect(listenersOf(response)).toEqual(listenersBefore);
  // Jest has timers of its own that come and go.
  await until(() => referencedTimers() <= timersBefore);
}

/** Node's own timers of a connection are unreferenced and not listed; Jest's one for each test is. */
function referencedTimers(): number {
  return process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
}

let timersBefore = 0;
beforeEach(() => {
  timersBefore = referencedTimers();
});

afterEach(async () => {
  await current?.stop();
  await current?.written;
  current = undefined;
});

describe('the head of a stream', () => {
  it('has the fields that proxies and clients need, and those of the presenter', async () => {
    const { client, written } = await run(() => of('a'));
    await client.receives('[DONE]');
    expect(client.answer.status).toBe(200);
    expect(client.answer.headers).toMatchObject({
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-cache, no-transform',
      'x-accel-buffering': 'no',
      connection: 'keep-alive',
      'x-extra': 'yes',
    });
    expect(await written).toBeUndefined();
  });

  it('is not written before the first frame that is not empty', async () => {
    const source = new Subject<string>();
    const { client, response } = await run(() => source);
    source.next('');
    await new Promise(setImmediate);
    expect(response.headersSent).toBe(false);
    source.next('a');
    await client.receives('data: a\n\n');
  });

  it('goes out with a comment when nothing has come for headAfterMs, and a later failure is a frame', async () => {
    const source = new Subject<string>();
    const { client, written } = await run(() => source, { settings: { headAfterMs: 30 } });
    await client.receives(': ping\n\n');
    source.error(new GatewayError('upstream_timeout'));
    await client.receives('[DONE]');
    expect(client.answer.chunks).toEqual([': ping\n\n', 'data: failed upstream_timeout\n\ndata: [DONE]\n\n']);
    expect(await written).toBeUndefined();
  });
});

describe('frames', () => {
  it('of one tick go out in one write, and with the end when it comes in the same tick', async () => {
    const exchanged = await run(() => from(['a', 'b', 'c']));
    await exchanged.client.receives('[DONE]');
    await exchanged.written;
    expect(exchanged.client.answer.chunks).toEqual([
      'data: a\n\ndata: b\n\ndata: c\n\ndata: end\n\ndata: [DONE]\n\n',
    ]);
    await expectNothingLeft(exchanged);
  });

  it('of different ticks go out in writes of their own', async () => {
    const source = new Subject<string>();
    const { client } = await run(() => source);
    source.next('a');
    source.next('b');
    await client.receives('data: b');
    source.next('ü€😀');
    await client.receives('data: ü€😀');
    source.complete();
    await client.receives('[DONE]');
    expect(client.answer.chunks).toEqual([
      'data: a\n\ndata: b\n\n',
      'data: ü€😀\n\n',
      'data: end\n\ndata: [DONE]\n\n',
    ]);
  });
});

describe('a failure', () => {
  it('before anything was written rejects, so that it can be a JSON error', async () => {
    const exchanged = await run(() => throwError(() => new GatewayError('model_not_found')));
    expect(await exchanged.written).toMatchObject({ code: 'model_not_found' });
    await exchanged.client.receives('model_not_found');
    expect(exchanged.client.answer.status).toBe(404);
    await expectNothingLeft(exchanged);
  });

  it('in opening the source rejects too', async () => {
    const { written } = await run(() => {
      throw new GatewayError('service_unavailable');
    });
    expect(await written).toMatchObject({ code: 'service_unavailable' });
  });

  it('after the head is shown by the presenter and still ends with [DONE]', async () => {
    const source = new Subject<string>();
    const exchanged = await run(() => source);
    source.next('a');
    await exchanged.client.receives('data: a');
    source.error(new Error('secret'));
    await exchanged.client.receives('[DONE]');
    expect(exchanged.client.answer.chunks.at(-1)).toBe('data: failed internal_error\n\ndata: [DONE]\n\n');
    expect(exchanged.client.received).not.toContain('secret');
    expect(await exchanged.written).toBeUndefined();
    await expectNothingLeft(exchanged);
  });

  it('in the same tick as the first frame comes after that frame', async () => {
    const { client } = await run(
      () =>
        new Observable<string>((subscriber) => {
          subscriber.next('a');
          subscriber.error(new GatewayError('upstream_error'));
        }),
    );
    await client.receives('[DONE]');
    expect(client.answer.chunks).toEqual(['data: a\n\ndata: failed upstream_error\n\ndata: [DONE]\n\n']);
  });

  it('of the presenter is an internal error, and the source is unsubscribed once', async () => {
    const source = new Subject<string>();
    let unsubscribed = 0;
    const presenter = {
      ...plainFrames,
      frames: (item: string): string => {
        if (item === 'bad') throw new TypeError('presenter');
        return `data: ${item}\n\n`;
      },
    };
    const { client } = await run(
      () =>
        new Observable<string>((subscriber) => {
          source.subscribe(subscriber);
          return () => (unsubscribed += 1);
        }),
      { presenter },
    );
    source.next('a');
    await client.receives('data: a');
    source.next('bad');
    source.next('after');
    await client.receives('[DONE]');
    expect(client.answer.chunks.at(-1)).toBe('data: failed internal_error\n\ndata: [DONE]\n\n');
    expect(unsubscribed).toBe(1);
  });

  it('of the presenter in showing a failure drops the client instead of leaving it waiting', async () => {
    const source = new Subject<string>();
    const presenter = {
      ...plainFrames,
      failure: (): string => {
        throw new TypeError('twice');
      },
    };
    const { client, written } = await run(() => source, { presenter });
    source.next('a');
    await client.receives('data: a');
    source.error(new Error('first'));
    await client.closed();
    expect(client.received).not.toContain('[DONE]');
    expect(await written).toBeUndefined();
  });

  it('of the presenter in making the head rejects', async () => {
    const presenter = { ...plainFrames, headers: () => ({ 'x-bad': 'line\nbreak' }) };
    const { written } = await run(() => new Subject<string>().pipe((_) => of('a')), { presenter });
    expect(await written).toMatchObject({ code: 'ERR_INVALID_CHAR' });
  });
});

describe('a silent stream', () => {
  it('gets a comment after each keepAliveMs, and none while frames come', async () => {
    const source = new Subject<string>();
    const exchanged = await run(() => source, { settings: { keepAliveMs: 1_000 } });
    const talk = setInterval(() => source.next('a'), 20);
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    clearInterval(talk);
    expect(exchanged.client.received).not.toContain(': ping');
    const quietFrom = performance.now();
    await exchanged.client.receives(': ping\n\n');
    expect(performance.now() - quietFrom).toBeGreaterThan(500);
    source.complete();
    await exchanged.client.receives('[DONE]');
    await exchanged.written;
    await expectNothingLeft(exchanged);
  });

  it('gets no comment before its head', async () => {
    const { client } = await run(() => NEVER, { settings: { keepAliveMs: 10 } });
    await new Promise((resolve) => setTimeout(resolve, 60));
    expect(client.received).toBe('');
  });
});

describe('a whole answer', () => {
  it('is one JSON body with its length', async () => {
    const exchanged = await run(() => from(['ä', 'b']), { body: new Gathered() });
    await exchanged.client.receives('"b"]}');
    await exchanged.written;
    expect(exchanged.client.answer.headers).toMatchObject({
      'content-type': 'application/json; charset=utf-8',
      'content-length': String(Buffer.byteLength('{"items":["ä","b"]}')),
      'x-count': '2',
    });
    expect(exchanged.client.answer.headers).not.toHaveProperty('etag');
    await expectNothingLeft(exchanged);
  });

  it('that fails rejects, also when its presenter does', async () => {
    const { written } = await run(() => of('a'), {
      body: {
        add: () => {
          throw new GatewayError('content_filter');
        },
        headers: () => ({}),
        body: () => '{}',
      },
    });
    expect(await written).toMatchObject({ code: 'content_filter' });
  });
});
