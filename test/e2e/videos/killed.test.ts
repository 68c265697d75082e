import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
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
import { VideosClient } from './videos-client.js';

let database: TestDatabase;
let directory: string;

beforeEach(async () => {
  database = await createTestDatabase();
  directory = await scratchDirectory();
});
afterEach(async () => {
  await GatewayProcess.endAll();
  await expectSoundBooks(database.pool);
  await database.drop();
  await removeDirectory(directory);
});

function start(): Promise<GatewayProcess> {
  return GatewayProcess.start({
    directory,
    environment: testEnvironment(database.url, { LEASE_MS: '1200' }),
  });
}

describe('a video whose process is killed', () => {
  it('goes on at a replica: its hold stays, and it is charged once', async () => {
    const [gateway, replica] = await Promise.all([start(), start()]);
    const { id: keyId, key } = await gateway.client.createKey({ budget_limit: '1000000' });
    const { id } = await new VideosClient(gateway.url, key).made({ model: 'sandbox/video:seconds=6' });
    await gateway.kill();
    const dead = async (): Promise<boolean> =>
      (await database.pool.query('SELECT 1 FROM gateway_processes')).rowCount === 1;
    await until(dead, 10_000);
    expect(await openHolds(database.pool)).toHaveLength(1);
    expect(await new VideosClient(replica.url, key).ended(id)).toMatchObject({ status: 'completed' });
    expect(await receipts(database.pool, keyId)).toEqual([{ finalAmount: 404_000, estimated: false }]);
    expect(await openHolds(database.pool)).toEqual([]);
  }, 60_000);

  it('is taken up by the next start when there is no replica', async () => {
    const gateway = await start();
    const { key } = await gateway.client.createKey();
    const { id } = await new VideosClient(gateway.url, key).made({ model: 'sandbox/video:seconds=1' });
    await gateway.kill();
    const next = await start();
    expect(await new VideosClient(next.url, key).ended(id)).toMatchObject({ status: 'completed' });
    expect(await receipts(database.pool)).toHaveLength(1);
  }, 60_000);

  it('in the middle of a poll is asked for by another one when its claim has run out', async () => {
    const gateway = await start();
    const { key } = await gateway.client.createKey();
    const { id } = await new VideosClient(gateway.url, key).made({ model: 'sandbox/video:seconds=0.5' });
    await gateway.kill();
    await database.pool.query(
      `UPDATE videos SET poller_id = 'proc_dead', poller_until = now() + interval '1200 ms' WHERE id = $1`,
      [id],
    );
    const next = await start();
    expect(await new VideosClient(next.url, key).ended(id)).toMatchObject({ status: 'completed' });
  }, 60_000);

  it('before the upstream’s answer was stored fails, with nothing charged', async () => {
    const gateway = await start();
    const { key } = await gateway.client.createKey({ budget_limit: '1000000' });
    const { id } = await new VideosClient(gateway.url, key).made({ model: 'sandbox/video:seconds=600' });
    await gateway.kill();
    await database.pool.query(
      `UPDATE videos SET status = 'submitting', upstream_id = NULL, next_poll_at = NULL WHERE id = $1`,
      [id],
    );
    const next = await start();
    expect(await new VideosClient(next.url, key).ended(id)).toMatchObject({
      status: 'failed',
      error: { code: 'submission_unknown' },
    });
    expect(await openHolds(database.pool)).toEqual([]);
    expect(await receipts(database.pool)).toEqual([]);
    await until(() => next.stdout.includes(id));
  }, 60_000);
});
