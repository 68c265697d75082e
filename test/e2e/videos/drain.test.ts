import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { expectSoundBooks } from '../../support/books.js';
import { OpenStream } from '../../support/gateway-client.js';
import {
  GatewayProcess,
  removeDirectory,
  scratchDirectory,
  testEnvironment,
} from '../../support/gateway-process.js';
import { createTestDatabase, type TestDatabase } from '../../support/test-database.js';
import { VideoUpstream, says } from './video-upstream.js';
import { VideosClient } from './videos-client.js';

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

function start(): Promise<GatewayProcess> {
  const environment = testEnvironment(database.url, { LEASE_MS: '1200', SHUTDOWN_GRACE_MS: '500' });
  return GatewayProcess.start({ directory, environment, file: upstream.file });
}

describe('a process that drains', () => {
  it('ends its watches with words, and leaves its videos to others', async () => {
    const [gateway, replica] = await Promise.all([start(), start()]);
    const { key } = await gateway.client.createKey();
    const here = new VideosClient(gateway.url, key);
    const there = new VideosClient(replica.url, key);
    const { id } = await here.made({ model: 'film', prompt: 'Sea' });
    const native = new OpenStream(await here.call('GET', `/${id}/stream?pollIntervalMs=30000`));
    const outside = new OpenStream(
      await new VideosClient(gateway.url, key, '/external').call('GET', `/${id}/stream`),
    );
    await Promise.all([native.shows('data: '), outside.shows('data: ')]);
    await gateway.stop();
    expect((await native.frames()).slice(-2)).toMatchObject([
      { event: 'compose.error', data: { code: 'server_error' } },
      { data: '[DONE]' },
    ]);
    expect((await outside.frames()).slice(-2)).toMatchObject([
      { event: undefined, data: { error: { code: 'server_error' } } },
      { data: '[DONE]' },
    ]);
    const { rows } = await database.pool.query(
      'SELECT process_id FROM video_watches UNION ALL SELECT poller_id FROM videos WHERE poller_id IS NOT NULL',
    );
    expect(rows.length).toBeLessThanOrEqual(1);
    upstream.find = says({ status: 'completed' });
    expect(await there.ended(id)).toMatchObject({ status: 'completed' });
  }, 60_000);
});
