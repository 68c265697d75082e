import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { GatewayProcess } from '../../support/gateway-process.js';
import { GatewayProcesses } from '../../support/gateway-processes.js';
import { openHolds, receipts } from '../../support/ledger-state.js';
import { until } from '../../support/until.js';
import { hangs, says, VideoUpstream } from './video-upstream.js';
import { VideosClient, type ShownVideo } from './videos-client.js';

const FILM = { model: 'film', prompt: 'Sea' };

const processes = GatewayProcesses.forEachTest({ LEASE_MS: '9000' });
let upstream: VideoUpstream;

beforeEach(async () => {
  upstream = await VideoUpstream.start();
});
afterEach(() => upstream.close());

function start(file?: object): Promise<GatewayProcess> {
  return processes.start({ ...(file && { file }) });
}

describe('a video whose process is killed', () => {
  it('goes on at a replica: its hold stays, and it is charged once', async () => {
    const [gateway, replica] = await Promise.all([start(upstream.file), start(upstream.file)]);
    const { id: keyId, key } = await gateway.client.createKey({ budget_limit: '1000000' });
    const { id } = await new VideosClient(gateway.url, key).made(FILM);
    await processes.kill(gateway);
    const dead = async (): Promise<boolean> =>
      (await processes.pool.query('SELECT 1 FROM gateway_processes')).rowCount === 1;
    await until(dead);
    expect(await openHolds(processes.pool)).toHaveLength(1);
    upstream.find = says({ status: 'completed' });
    expect(await new VideosClient(replica.url, key).ended(id)).toMatchObject({ status: 'completed' });
    expect(await receipts(processes.pool, keyId)).toEqual([{ finalAmount: 404_000, estimated: false }]);
    expect(await openHolds(processes.pool)).toEqual([]);
  });

  it('is taken up by the next start when there is no replica', async () => {
    const gateway = await start();
    const { key } = await gateway.client.createKey();
    const { id } = await new VideosClient(gateway.url, key).made({ model: 'sandbox/video:seconds=1' });
    await processes.kill(gateway);
    const next = await start();
    expect(await new VideosClient(next.url, key).ended(id)).toMatchObject({ status: 'completed' });
    expect(await receipts(processes.pool)).toHaveLength(1);
  });

  it('in the middle of a poll is asked for by another one when its claim has run out', async () => {
    upstream.find = hangs;
    const [gateway, replica] = await Promise.all([start(upstream.file), start(upstream.file)]);
    const { id: keyId, key } = await gateway.client.createKey({ budget_limit: '1000000' });
    const { id } = await new VideosClient(gateway.url, key).made(FILM);
    await until(() => upstream.polls === 1);
    const { rows } = await processes.pool.query<{ poller_id: string }>('SELECT poller_id FROM videos');
    upstream.find = says({ status: 'completed' });
    const pollers = await processes.pool.query<{ id: string }>(
      'SELECT id FROM gateway_processes ORDER BY started_at',
    );
    expect(pollers.rows.map((row) => row.id)).toContain(rows[0]?.poller_id);
    // Whichever of the two it is: both are killed, and a third one has to wait for the claim.
    await Promise.all([processes.kill(gateway), processes.kill(replica)]);
    const next = await start(upstream.file);
    expect(await new VideosClient(next.url, key).ended(id)).toMatchObject({ status: 'completed' });
    expect(await receipts(processes.pool, keyId)).toEqual([{ finalAmount: 404_000, estimated: false }]);
    expect(upstream.submissions).toBe(1);
  });

  it('before its provider had answered fails, with nothing charged, and is not submitted again', async () => {
    upstream.submit = hangs;
    const [gateway, replica] = await Promise.all([start(upstream.file), start(upstream.file)]);
    const { key } = await gateway.client.createKey({ budget_limit: '1000000' });
    const lost = new VideosClient(gateway.url, key).generate(FILM).catch(() => undefined);
    await until(() => upstream.submissions === 1);
    expect(await openHolds(processes.pool)).toHaveLength(1);
    await processes.kill(gateway);
    await lost;
    const { data } = (await (await new VideosClient(replica.url, key).call('GET', '')).json()) as {
      data: readonly ShownVideo[];
    };
    const id = data[0]?.id ?? '';
    expect(await new VideosClient(replica.url, key).ended(id)).toMatchObject({
      status: 'failed',
      error: { code: 'submission_unknown' },
    });
    expect(upstream.submissions).toBe(1);
    expect(await openHolds(processes.pool)).toEqual([]);
    expect(await receipts(processes.pool)).toEqual([]);
    await until(() => replica.stdout.includes(id));
  });
});
