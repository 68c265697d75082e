import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { Moments } from '../../../src/base/moments/moments.js';
import { PollStore } from '../../../src/videos/polling/poll-store.js';
import { ToldIntervals } from '../../../src/videos/watch/told-intervals.js';
import { OpenStream } from '../../support/gateway-client.js';
import { TestGateway } from '../../support/gateway.js';
import { until } from '../../support/until.js';
import { VideosClient } from './videos-client.js';

const WATCHED = 120;

let gateway: TestGateway;
let videos: VideosClient;
let store: PollStore;

beforeAll(async () => {
  gateway = await TestGateway.start();
  videos = new VideosClient(gateway.url, (await gateway.createKey()).key);
  store = gateway.app.get(PollStore);
});
afterAll(() => gateway.close());

async function watched(): Promise<number> {
  return (await gateway.pool.query('SELECT 1 FROM video_watches')).rowCount ?? 0;
}

describe('many videos that are watched', () => {
  it('are looked at together by the clock, and by itself each of which something is known to have changed', async () => {
    const ids = await Promise.all(
      Array.from(
        { length: WATCHED },
        async () => (await videos.made({ model: 'sandbox/video:seconds=600' })).id,
      ),
    );
    const streams = await Promise.all(
      ids.map(async (id) => new OpenStream(await videos.call('GET', `/${id}/stream?pollIntervalMs=500`))),
    );
    await until(async () => (await watched()) === WATCHED);
    const look = jest.spyOn(store, 'look');
    let rings = 0;
    gateway.app.get(Moments).subscribe(({ type }) => (rings += type === 'video_changed' ? 1 : 0));
    const startedAt = performance.now();
    await until(() => rings >= 5 * WATCHED);
    const rounds = (performance.now() - startedAt) / 200 + 1;
    const looked = look.mock.calls.reduce((sum, [asked]) => sum + asked.length, 0);
    look.mockRestore();
    expect(looked).toBeLessThanOrEqual(WATCHED * rounds + rings);
    await Promise.all(ids.map((id) => videos.call('POST', `/${id}/cancel`)));
    for (const stream of streams) expect((await stream.frames()).at(-1)).toMatchObject({ data: '[DONE]' });
    await until(async () => (await watched()) === 0);
  });

  it('are told of by several replicas at once, in whatever order each of them knows them', async () => {
    const ids = await Promise.all(
      Array.from(
        { length: WATCHED },
        async () => (await videos.made({ model: 'sandbox/video:seconds=600' })).id,
      ),
    );
    const watches = ids.map((videoId) => ({ videoId, intervalMs: 30_000 }));
    for (let round = 0; round < 20; round += 1) {
      await gateway.pool.query(`UPDATE videos SET next_poll_at = now() + interval '1 hour'`);
      await Promise.all(
        Array.from({ length: 8 }, (_none, index) =>
          store.watch(index % 2 === 0 ? watches : [...watches].reverse(), 30_000),
        ),
      );
    }
    await Promise.all(ids.map((id) => videos.call('POST', `/${id}/cancel`)));
    await store.unwatch(ids);
  });

  it('or asked for again and again, are not looked for in the database each time', async () => {
    const { id } = await videos.made({ model: 'sandbox/video:seconds=600' });
    const claim = jest.spyOn(store, 'claim');
    for (let count = 0; count < 200; count += 1) await videos.find(id);
    const claims = claim.mock.calls.length;
    claim.mockRestore();
    expect(claims).toBeLessThan(100);
    await videos.call('POST', `/${id}/cancel`);
  });

  it('are told of together, and forgotten together', async () => {
    const watch = jest.spyOn(store, 'watch');
    const unwatch = jest.spyOn(store, 'unwatch');
    const failures: unknown[] = [];
    let intervalMs: number | undefined = 700;
    const told = new ToldIntervals(
      store,
      30_000,
      () => intervalMs,
      () => undefined,
      (failure) => failures.push(failure),
    );
    const ids = Array.from({ length: WATCHED }, (_none, index) => `video_${index}`);
    for (const id of ids) told.tell(id);
    await told.whenTold();
    expect(await watched()).toBe(WATCHED);
    intervalMs = undefined;
    for (const id of ids) told.tell(id);
    await told.whenTold();
    expect(await watched()).toBe(0);
    expect([watch.mock.calls.length, unwatch.mock.calls.length]).toEqual([2, 2]);
    expect(failures).toEqual([]);
  });
});
