import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { OpenStream } from '../../support/gateway-client.js';
import type { GatewayProcess } from '../../support/gateway-process.js';
import { GatewayProcesses } from '../../support/gateway-processes.js';
import { VideoUpstream, says } from './video-upstream.js';
import { VideosClient } from './videos-client.js';

const processes = GatewayProcesses.forEachTest({ LEASE_MS: '9000', SHUTDOWN_GRACE_MS: '500' });
let upstream: VideoUpstream;

beforeEach(async () => {
  upstream = await VideoUpstream.start();
});
afterEach(() => upstream.close());

function start(): Promise<GatewayProcess> {
  return processes.start({ file: upstream.file });
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
    const { rows } = await processes.pool.query(
      'SELECT process_id FROM video_watches UNION ALL SELECT poller_id FROM videos WHERE poller_id IS NOT NULL',
    );
    expect(rows.length).toBeLessThanOrEqual(1);
    upstream.find = says({ status: 'completed' });
    expect(await there.ended(id)).toMatchObject({ status: 'completed' });
  });
});
