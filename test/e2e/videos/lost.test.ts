import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { PNG } from '../../providers/image/image-host.js';
import { CutProxy } from '../../support/cut-proxy.js';
import type { GatewayProcess } from '../../support/gateway-process.js';
import { GatewayProcesses } from '../../support/gateway-processes.js';
import { openHolds, receipts } from '../../support/ledger-state.js';
import { until } from '../../support/until.js';
import { hangs, says, VideoUpstream } from './video-upstream.js';
import { VideosClient } from './videos-client.js';

const FILM = { model: 'film', prompt: 'Sea', duration: 8 };
const UNKNOWN = { status: 'failed', error: { code: 'submission_unknown' } };

const processes = GatewayProcesses.forEachTest({ LEASE_MS: '9000', SHUTDOWN_GRACE_MS: '200' });
let upstream: VideoUpstream;

beforeEach(async () => {
  upstream = await VideoUpstream.start();
});
afterEach(() => upstream.close());

function start(file = upstream.fileWith({ idempotent_videos: true }), url?: string): Promise<GatewayProcess> {
  return processes.start({ file, ...(url !== undefined && { url }) });
}

/** A video that its upstream has accepted without anybody knowing: the answer is held back, for ever. */
async function accepted(
  gateway: GatewayProcess,
  more: object = {},
): Promise<{ id: string; key: string; client: Promise<unknown> }> {
  upstream.submit = hangs;
  const { key } = await gateway.client.createKey({ budget_limit: '1000000' });
  const client = new VideosClient(gateway.url, key).generate({ ...FILM, ...more }).catch(() => undefined);
  await until(() => upstream.submissions === 1);
  return { id: await onlyId(), key, client };
}

async function onlyId(): Promise<string> {
  const { rows } = await processes.pool.query<{ id: string }>('SELECT id FROM videos');
  return rows[0]?.id ?? '';
}

/** What operators see of the only video. */
async function shownJob(): Promise<unknown> {
  return (await processes.pool.query('SELECT * FROM admin.video_jobs')).rows[0];
}

async function expectFailed(
  gateway: GatewayProcess,
  id: string,
  key: string,
  { submissions } = { submissions: 1 },
): Promise<void> {
  expect(await new VideosClient(gateway.url, key).ended(id)).toMatchObject(UNKNOWN);
  expect(upstream.submissions).toBe(submissions);
  expect(await openHolds(processes.pool)).toEqual([]);
  expect(await receipts(processes.pool)).toEqual([]);
  expect(await shownJob()).toMatchObject({
    video_id: id,
    status: 'failed',
    error_code: 'submission_unknown',
    provider: 'studio',
    upstream_id: null,
    final_amount: null,
  });
  await until(() => gateway.stdout.includes('it is not known whether a provider has accepted a video'));
  expect(gateway.stdout).toContain(id);
}

describe('a video whose process is killed around the moment of asking its provider', () => {
  const MARK = 'UPDATE holds h SET sent = true FROM ours';
  let proxy: CutProxy;
  beforeEach(async () => {
    proxy = await CutProxy.before(processes.database.url);
  });
  afterEach(() => proxy.close());

  /** @returns the client of a replica, and the request again */
  async function died(
    holdsBack: 'statement' | 'answer',
  ): Promise<{ replica: GatewayProcess; key: string; again: () => Promise<Response> }> {
    const [gateway, replica] = await Promise.all([start(upstream.file, proxy.url), start(upstream.file)]);
    const { key } = await replica.client.createKey({ budget_limit: '1000000' });
    const request = ({ url }: GatewayProcess): Promise<Response> =>
      new VideosClient(url, key).call('POST', '/generations', FILM, { 'idempotency-key': 'once' });
    const heldBack = proxy.holdBack(holdsBack, MARK);
    const client = request(gateway).catch(() => undefined);
    await heldBack;
    await processes.kill(gateway);
    await client;
    return { replica, key, again: () => request(replica) };
  }

  it('is taken back where it has certainly not been asked, and can be asked for again', async () => {
    const { replica, again } = await died('statement');
    await until(async () => (await processes.pool.query('SELECT FROM videos')).rowCount === 0);
    expect(await openHolds(processes.pool)).toEqual([]);
    expect((await again()).status).toBe(202);
    expect(upstream.submissions).toBe(1);
    expect(replica.stdout).not.toContain('it is not known');
  });

  it('fails where it may have been', async () => {
    const { replica, key, again } = await died('answer');
    await expectFailed(replica, await onlyId(), key, { submissions: 0 });
    expect(await (await again()).json()).toMatchObject(UNKNOWN);
  });
});

describe('a video whose process is killed between the acceptance of its provider and the news of it', () => {
  it('is one video there and here, where the provider honours idempotency keys', async () => {
    const gateway = await start();
    const replicas = await Promise.all([start(), start()]);
    const { id, key } = await accepted(gateway);
    // The answer to the first submission again, as for every submission with its key.
    upstream.submit = says({ status: 'queued' });
    upstream.find = says({ status: 'completed', seconds: '8' });
    await processes.kill(gateway);
    expect(await new VideosClient(replicas[0].url, key).ended(id)).toMatchObject({ status: 'completed' });
    expect([...upstream.keys]).toEqual([id]);
    expect(upstream.bodies[1]).toBe(upstream.bodies[0]);
    expect(upstream.submissions).toBe(2);
    expect(await receipts(processes.pool)).toEqual([{ finalAmount: 808_000, estimated: false }]);
    expect(await openHolds(processes.pool)).toEqual([]);
    expect(await shownJob()).toMatchObject({ status: 'completed', attempt: 2, final_amount: '808000' });
  });

  it('fails, with nothing charged, where the provider may make a second one', async () => {
    const file = upstream.file;
    const [gateway, replica] = await Promise.all([start(file), start(file)]);
    const { id, key } = await accepted(gateway);
    await processes.kill(gateway);
    await expectFailed(replica, id, key);
  });

  it('fails with an image, which nobody has any more', async () => {
    const [gateway, replica] = await Promise.all([start(), start()]);
    const image_url = `data:image/png;base64,${PNG.toString('base64')}`;
    const { id, key } = await accepted(gateway, { image_url });
    await processes.kill(gateway);
    await expectFailed(replica, id, key);
  });

  it('fails when its provider is not configured any more', async () => {
    const gateway = await start();
    const { id, key } = await accepted(gateway);
    await processes.kill(gateway);
    await expectFailed(await start({ sandbox: true }), id, key);
  });

  it('fails when it was submitted too often', async () => {
    const [gateway, replica] = await Promise.all([start(), start()]);
    const { id, key } = await accepted(gateway);
    await processes.pool.query('UPDATE videos SET attempt = 4');
    await processes.kill(gateway);
    await expectFailed(replica, id, key);
  });
});

describe('a video whose process is told to end before it knows that its provider has accepted it', () => {
  it('is left to a replica where the provider honours idempotency keys', async () => {
    const [gateway, replica] = await Promise.all([start(), start()]);
    const { id, key, client } = await accepted(gateway);
    upstream.submit = says({ status: 'queued' });
    upstream.find = says({ status: 'completed' });
    const stopped = gateway.stop();
    expect(await client).toMatchObject({ status: 202 });
    await stopped;
    expect(await new VideosClient(replica.url, key).ended(id)).toMatchObject({ status: 'completed' });
    expect([...upstream.keys]).toEqual([id]);
    expect(await receipts(processes.pool)).toHaveLength(1);
  });
});
