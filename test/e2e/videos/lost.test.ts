import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { PNG } from '../../providers/image/image-host.js';
import { expectSoundBooks } from '../../support/books.js';
import {
  GatewayProcess,
  removeDirectory,
  scratchDirectory,
  testEnvironment,
} from '../../support/gateway-process.js';
import { openHolds, receipts } from '../../support/ledger-state.js';
import { createTestDatabase, type TestDatabase } from '../../support/test-database.js';
import { until } from '../../support/until.js';
import { hangs, says, VideoUpstream } from './video-upstream.js';
import { VideosClient } from './videos-client.js';

const FILM = { model: 'film', prompt: 'Sea', duration: 8 };
const UNKNOWN = { status: 'failed', error: { code: 'submission_unknown' } };

let database: TestDatabase;
let directory: string;
let upstream: VideoUpstream;

beforeEach(async () => {
  database = await createTestDatabase();
  directory = await scratchDirectory();
  upstream = await VideoUpstream.start();
});
afterEach(async () => {
  await GatewayProcess.endAll();
  await upstream.close();
  await expectSoundBooks(database.pool);
  await database.drop();
  await removeDirectory(directory);
});

function start(file = upstream.fileWith({ idempotent_videos: true })): Promise<GatewayProcess> {
  const environment = testEnvironment(database.url, { LEASE_MS: '2400', SHUTDOWN_GRACE_MS: '200' });
  return GatewayProcess.start({ directory, environment, file });
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
  const { rows } = await database.pool.query<{ id: string }>('SELECT id FROM videos');
  return { id: rows[0]?.id ?? '', key, client };
}

/** What operators see of the only video. */
async function shownJob(): Promise<unknown> {
  return (await database.pool.query('SELECT * FROM admin.video_jobs')).rows[0];
}

async function expectFailed(gateway: GatewayProcess, id: string, key: string): Promise<void> {
  expect(await new VideosClient(gateway.url, key).ended(id)).toMatchObject(UNKNOWN);
  expect(upstream.submissions).toBe(1);
  expect(await openHolds(database.pool)).toEqual([]);
  expect(await receipts(database.pool)).toEqual([]);
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

describe('a video whose process is killed between the acceptance of its provider and the news of it', () => {
  it('is one video there and here, where the provider honours idempotency keys', async () => {
    const gateway = await start();
    const replicas = await Promise.all([start(), start()]);
    const { id, key } = await accepted(gateway);
    await gateway.kill();
    // The answer to the first submission again, as for every submission with its key.
    upstream.submit = says({ status: 'queued' });
    upstream.find = says({ status: 'completed', seconds: '8' });
    expect(await new VideosClient(replicas[0].url, key).ended(id)).toMatchObject({ status: 'completed' });
    expect([...upstream.keys]).toEqual([id]);
    expect(upstream.bodies[1]).toBe(upstream.bodies[0]);
    expect(upstream.submissions).toBe(2);
    expect(await receipts(database.pool)).toEqual([{ finalAmount: 808_000, estimated: false }]);
    expect(await openHolds(database.pool)).toEqual([]);
    expect(await shownJob()).toMatchObject({ status: 'completed', attempt: 2, final_amount: '808000' });
  }, 60_000);

  it('fails, with nothing charged, where the provider may make a second one', async () => {
    const file = upstream.file;
    const [gateway, replica] = await Promise.all([start(file), start(file)]);
    const { id, key } = await accepted(gateway);
    await gateway.kill();
    await expectFailed(replica, id, key);
  }, 60_000);

  it('fails with an image, which nobody has any more', async () => {
    const [gateway, replica] = await Promise.all([start(), start()]);
    const image_url = `data:image/png;base64,${PNG.toString('base64')}`;
    const { id, key } = await accepted(gateway, { image_url });
    await gateway.kill();
    await expectFailed(replica, id, key);
  }, 60_000);

  it('fails when its provider is not configured any more', async () => {
    const gateway = await start();
    const { id, key } = await accepted(gateway);
    await gateway.kill();
    await expectFailed(await start({ sandbox: true }), id, key);
  }, 60_000);

  it('fails when it was submitted too often', async () => {
    const [gateway, replica] = await Promise.all([start(), start()]);
    const { id, key } = await accepted(gateway);
    await database.pool.query('UPDATE videos SET attempt = 4');
    await gateway.kill();
    await expectFailed(replica, id, key);
  }, 60_000);
});

describe('a video whose process is told to end before it knows that its provider has accepted it', () => {
  it('is left to a replica where the provider honours idempotency keys', async () => {
    const [gateway, replica] = await Promise.all([start(), start()]);
    const { id, key, client } = await accepted(gateway);
    const stopped = gateway.stop();
    expect(await client).toMatchObject({ status: 202 });
    await stopped;
    upstream.submit = says({ status: 'queued' });
    upstream.find = says({ status: 'completed' });
    expect(await new VideosClient(replica.url, key).ended(id)).toMatchObject({ status: 'completed' });
    expect([...upstream.keys]).toEqual([id]);
    expect(await receipts(database.pool)).toHaveLength(1);
  }, 60_000);
});
