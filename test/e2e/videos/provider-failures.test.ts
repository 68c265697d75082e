import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { TestGateway, type CreatedKey } from '../../support/gateway.js';
import { openHolds, receipts } from '../../support/ledger-state.js';
import { until } from '../../support/until.js';
import { breaks, hangs, refuses, says, VideoUpstream } from './video-upstream.js';
import { VideosClient, type ShownVideo } from './videos-client.js';

let upstream: VideoUpstream;
let gateway: TestGateway;
let key: CreatedKey;
let videos: VideosClient;

beforeEach(async () => {
  upstream = await VideoUpstream.start();
  gateway = await TestGateway.start({
    file: upstream.file,
    environment: { VIDEO_POLL_MS: '500', VIDEO_GIVE_UP_MS: '4000', LEASE_MS: '9000' },
  });
  key = await gateway.createKey({ budget_limit: '1000000' });
  videos = new VideosClient(gateway.url, key.key);
});
afterEach(async () => {
  await gateway.close();
  await upstream.close();
});

const MODEL = { model: 'film', prompt: 'Sea' };

async function nothingCharged(): Promise<void> {
  expect(await receipts(gateway.pool, key.id)).toEqual([]);
  expect(await openHolds(gateway.pool)).toEqual([]);
  expect(await gateway.keyBudget(key.id)).toEqual({ spent: 0, held: 0 });
}

describe('a video at a provider', () => {
  it('is completed although every other poll fails', async () => {
    upstream.find = (response, request) => {
      if (upstream.polls % 2 === 1) refuses(500)(response, request);
      else if (upstream.polls < 8)
        says({ status: 'in_progress', progress: upstream.polls * 10 })(response, request);
      else says({ status: 'completed', progress: 100 })(response, request);
    };
    const { id } = await videos.made(MODEL);
    expect(await videos.ended(id)).toMatchObject({ status: 'completed' });
    expect(upstream.submissions).toBe(1);
    expect(await receipts(gateway.pool, key.id)).toEqual([{ finalAmount: 404_000, estimated: false }]);
  });

  it('is charged for the seconds that were made, and never for more than were asked for', async () => {
    upstream.find = says({ status: 'completed', seconds: '3' });
    await videos.ended((await videos.made({ ...MODEL, duration: 8 })).id);
    upstream.find = says({ status: 'completed', seconds: '12' });
    await videos.ended((await videos.made(MODEL)).id);
    expect(await receipts(gateway.pool, key.id)).toMatchObject([
      { finalAmount: 303_000 },
      { finalAmount: 404_000 },
    ]);
  });

  it('fails when its provider does not know it any more', async () => {
    upstream.find = refuses(404);
    const { id } = await videos.made(MODEL);
    expect(await videos.ended(id)).toMatchObject({ status: 'failed', error: { code: 'upstream_job_lost' } });
    await nothingCharged();
  });

  it('fails when its provider cannot be asked for too long, and not before', async () => {
    upstream.find = hangs;
    const { id } = await videos.made(MODEL);
    await until(() => upstream.polls === 1);
    expect(await openHolds(gateway.pool)).toHaveLength(1);
    expect(await videos.ended(id)).toMatchObject({
      status: 'failed',
      error: { code: 'upstream_unavailable' },
    });
    expect(upstream.polls).toBeGreaterThan(1);
    await nothingCharged();
  });

  it.each(['cancelled', 'expired', 'rejected'])('fails with its state there: %s', async (state) => {
    upstream.find = says({ status: state });
    const { id } = await videos.made(MODEL);
    expect(await videos.ended(id)).toMatchObject({ status: 'failed', error: { code: state } });
    await nothingCharged();
  });

  it('runs on when its provider cannot stop it', async () => {
    const { id } = await videos.made(MODEL);
    for (const [method, path] of [
      ['POST', '/cancel'],
      ['DELETE', ''],
    ] as const) {
      const answer = await videos.call(method, `/${id}${path}`);
      expect(answer.status).toBe(409);
      expect(await answer.json()).toMatchObject({ error: { code: 'cancel_not_supported' } });
    }
    expect(await openHolds(gateway.pool)).toHaveLength(1);
    upstream.find = says({ status: 'completed' });
    expect(await videos.ended(id)).toMatchObject({ status: 'completed' });
    expect((await videos.call('DELETE', `/${id}`)).status).toBe(200);
  });
});

describe('the submission of a video', () => {
  it('that may have been taken fails as unknown, and is not made again', async () => {
    for (const lost of [breaks, refuses(500)]) {
      upstream.submit = lost;
      const answer = await videos.generate(MODEL);
      expect(answer.status).toBe(202);
      expect((await answer.json()) as ShownVideo).toMatchObject({
        status: 'failed',
        error: { code: 'submission_unknown' },
      });
    }
    expect(upstream.submissions).toBe(2);
    await nothingCharged();
  });

  it('that was refused leaves nothing behind', async () => {
    for (const [status, shown] of [
      [400, 400],
      [401, 502],
      [503, 503],
    ] as const) {
      upstream.submit = refuses(status);
      const answer = await videos.generate(MODEL);
      expect(answer.status).toBe(shown);
      expect(await answer.text()).not.toContain('secret');
    }
    expect(await (await videos.call('GET', '')).json()).toMatchObject({ data: [] });
    await nothingCharged();
  });

  it('that came too soon is made again', async () => {
    upstream.submit = (response, request) => {
      if (upstream.submissions === 1) refuses(429, { 'retry-after': '0' })(response, request);
      else says({ status: 'queued' })(response, request);
    };
    expect(await videos.made(MODEL)).toMatchObject({ status: 'queued' });
    expect(upstream.submissions).toBe(2);
    expect(await openHolds(gateway.pool)).toHaveLength(1);
    upstream.find = says({ status: 'failed' });
  });

  it('goes on when its client leaves', async () => {
    let answer: () => void = () => undefined;
    upstream.submit = (response, request) => {
      answer = () => says({ status: 'queued' })(response, request);
    };
    const left = new AbortController();
    const call = fetch(`${gateway.url}/v1/videos/generations`, {
      method: 'POST',
      headers: { authorization: `Bearer ${key.key}` },
      body: JSON.stringify(MODEL),
      signal: left.signal,
    }).catch(() => undefined);
    await until(() => upstream.submissions === 1);
    left.abort();
    await call;
    answer();
    const list = async (): Promise<readonly ShownVideo[]> =>
      ((await (await videos.call('GET', '')).json()) as { data: ShownVideo[] }).data;
    upstream.find = says({ status: 'completed' });
    await until(async () => (await list())[0]?.status === 'completed');
    expect(upstream.submissions).toBe(1);
    expect(await receipts(gateway.pool, key.id)).toHaveLength(1);
  });

  it('that had ended at once is answered as a job all the same', async () => {
    upstream.submit = says({ status: 'completed' });
    upstream.find = says({ status: 'completed' });
    const { id } = await videos.made(MODEL);
    expect(await videos.ended(id)).toMatchObject({ status: 'completed' });
  });
});

describe('the content of a video at a provider', () => {
  it('is read no faster than its client takes it, and no longer than it stays', async () => {
    const CHUNK = Buffer.alloc(65_536, 1);
    let sent = 0;
    let closed = false;
    upstream.find = says({ status: 'completed' });
    upstream.content = (response) => {
      response.writeHead(200, { 'content-type': 'video/mp4' });
      const send = (): void => {
        if (response.destroyed) return;
        sent += CHUNK.length;
        if (response.write(CHUNK)) setImmediate(send);
        else response.once('drain', send);
      };
      response.on('close', () => (closed = true));
      send();
    };
    const { id } = await videos.made(MODEL);
    await videos.ended(id);
    const left = new AbortController();
    const response = await fetch(`${gateway.url}/v1/videos/${id}/content`, {
      headers: { authorization: `Bearer ${key.key}` },
      signal: left.signal,
    });
    expect(response.status).toBe(200);
    // Nothing more is taken from the provider for a while: every buffer on the way is full.
    let known = { sent: -1, atMs: 0 };
    await until(() => {
      if (sent !== known.sent) known = { sent, atMs: performance.now() };
      return sent > 0 && performance.now() - known.atMs > 500;
    });
    expect(sent).toBeLessThan(64 * 1024 * 1024);
    left.abort();
    await until(() => closed);
  });

  it('is not waited for when its client has left', async () => {
    let closed = false;
    upstream.find = says({ status: 'completed' });
    upstream.content = (response) => response.on('close', () => (closed = true));
    const { id } = await videos.made(MODEL);
    await videos.ended(id);
    const left = new AbortController();
    const call = fetch(`${gateway.url}/v1/videos/${id}/content`, {
      headers: { authorization: `Bearer ${key.key}` },
      signal: left.signal,
    }).catch(() => undefined);
    await until(() => upstream.contents === 1);
    left.abort();
    await call;
    await until(() => closed);
  });

  it('that is gone is not there any more', async () => {
    upstream.find = says({ status: 'completed', expires_at: 1_900_000_000 });
    upstream.content = refuses(404);
    const { id } = await videos.made(MODEL);
    expect(await videos.ended(id)).toMatchObject({ expires_at: 1_900_000_000 });
    expect((await videos.call('GET', `/${id}/content`)).status).toBe(404);
    upstream.content = refuses(500);
    expect((await videos.call('GET', `/${id}/content`)).status).toBe(502);
  });

  it('that its provider refuses after its time is not there any more either', async () => {
    upstream.find = says({ status: 'completed', expires_at: 1_700_000_000 });
    upstream.content = refuses(403);
    const { id } = await videos.made(MODEL);
    await videos.ended(id);
    expect((await videos.call('GET', `/${id}/content`)).status).toBe(404);
  });

  it('that breaks off does not look whole', async () => {
    upstream.find = says({ status: 'completed' });
    upstream.content = (response) => {
      response.writeHead(200, { 'content-type': 'video/mp4', 'content-length': '1000' });
      response.write('half', () => response.destroy());
    };
    const { id } = await videos.made(MODEL);
    await videos.ended(id);
    const response = await videos.call('GET', `/${id}/content`);
    await expect(response.arrayBuffer()).rejects.toThrow();
  });
});
