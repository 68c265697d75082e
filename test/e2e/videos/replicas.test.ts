import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { OpenStream } from '../../support/gateway-client.js';
import { TestGateway } from '../../support/gateway.js';
import { receipts } from '../../support/ledger-state.js';
import { createTestDatabase, type TestDatabase } from '../../support/test-database.js';
import { until } from '../../support/until.js';
import { logPolls, pausesBetweenPolls } from './poll-log.js';
import { VideosClient } from './videos-client.js';

let database: TestDatabase;
let replicas: readonly TestGateway[];
let keyId: string;
let clients: readonly VideosClient[];

beforeEach(async () => {
  database = await createTestDatabase();
  await logPolls(database.pool);
  const environment = { VIDEO_POLL_MS: '2000', LEASE_MS: '9000' };
  replicas = await Promise.all([0, 1].map(() => TestGateway.start({ database, environment })));
  const { id, key } = await replicas[0]!.createKey({ budget_limit: '10000000' });
  keyId = id;
  clients = replicas.map(({ url }) => new VideosClient(url, key));
});
afterEach(async () => {
  await Promise.all(replicas.map((replica) => replica.close()));
  await database.drop();
});

function watch(client: VideosClient, id: string, intervalMs: number): Promise<OpenStream> {
  return client
    .call('GET', `/${id}/stream?pollIntervalMs=${intervalMs}`)
    .then((response) => new OpenStream(response));
}

describe('a video that is watched on two replicas', () => {
  it('by 500 clients is asked for once an interval, and told of to all of them', async () => {
    const { id } = await clients[0]!.made({ model: 'sandbox/video:seconds=600' });
    const streams = await Promise.all(
      Array.from({ length: 500 }, (_none, index) =>
        watch(clients[index % 2]!, id, index % 10 === 0 ? 500 : 30_000),
      ),
    );
    await until(() => streams.every(({ text }) => text.includes('event: compose.video.status')));
    const before = (await pausesBetweenPolls(database.pool, id)).length;
    await until(async () => (await pausesBetweenPolls(database.pool, id)).length >= before + 6);
    const pauses = (await pausesBetweenPolls(database.pool, id)).slice(before);
    expect(Math.min(...pauses)).toBeGreaterThanOrEqual(499);

    const { rows } = await database.pool.query(
      'SELECT min(interval_ms) AS least, count(*)::int AS rows FROM video_watches',
    );
    expect(rows).toEqual([{ least: 500, rows: 2 }]);
    await clients[1]!.call('POST', `/${id}/cancel`);
    await Promise.all(streams.map(({ ended }) => ended));
    for (const { text } of streams) {
      expect(text).toMatch('"status":"failed"');
      expect(text.endsWith('data: [DONE]\n\n')).toBe(true);
    }
  });

  it('is completed once, with one receipt, which both show', async () => {
    const { id } = await clients[0]!.made({ model: 'sandbox/video:seconds=1.5' });
    const streams = await Promise.all(
      Array.from({ length: 20 }, (_none, index) => watch(clients[index % 2]!, id, 500)),
    );
    const ends = await Promise.all(streams.map(async (stream) => (await stream.frames()).slice(-3)));
    for (const [status, receipt] of ends) {
      expect(status?.data).toMatchObject({ status: 'completed' });
      expect(receipt).toEqual(ends[0]?.[1]);
    }
    expect(await receipts(database.pool, keyId)).toEqual([{ finalAmount: 404_000, estimated: false }]);
  });
});

describe('a video that nobody watches', () => {
  it('is asked for more and more slowly, and charged all the same', async () => {
    const { id } = await clients[0]!.made({ model: 'sandbox/video:seconds=6' });
    await until(async () => (await receipts(database.pool, keyId)).length === 1);
    const pauses = await pausesBetweenPolls(database.pool, id);
    expect(pauses.length).toBeLessThanOrEqual(4);
    expect(Math.min(...pauses)).toBeGreaterThanOrEqual(999);
    expect(await clients[1]!.find(id)).toMatchObject({ status: 'completed' });
  });

  it('ends although its first polls fail', async () => {
    const { id } = await clients[0]!.made({ model: 'sandbox/video:seconds=1,flaky=2' });
    expect(await clients[1]!.ended(id)).toMatchObject({ status: 'completed' });
    expect(await receipts(database.pool, keyId)).toHaveLength(1);
  });
});
