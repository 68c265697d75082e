import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { VideoRetention } from '../../../src/videos/video-retention.js';
import { GatewayClient } from '../../support/gateway-client.js';
import { TestGateway, type CreatedKey } from '../../support/gateway.js';
import { receipts } from '../../support/ledger-state.js';
import { VideosClient } from './videos-client.js';

const CONTENT = 'NIGHTINGALE';

let gateway: TestGateway;
let key: CreatedKey;
let videos: VideosClient;
let admin: GatewayClient;

beforeAll(async () => {
  gateway = await TestGateway.start({ environment: { RESPONSE_RETENTION_DAYS: '1' } });
  key = await gateway.createKey();
  videos = new VideosClient(gateway.url, key.key);
  admin = new GatewayClient(gateway.url);
});
afterAll(() => gateway.close());

async function listed(query = ''): Promise<readonly Readonly<Record<string, unknown>>[]> {
  const response = await admin.admin(`/admin/videos${query}`, 'GET');
  expect(response.status).toBe(200);
  const text = await response.text();
  expect(text).not.toContain(CONTENT);
  return (JSON.parse(text) as { data: readonly Readonly<Record<string, unknown>>[] }).data;
}

describe('what an operator sees of videos', () => {
  it('is everything but what they show', async () => {
    const failed = await videos.made({ model: 'sandbox/video:seconds=0,fail', prompt: CONTENT });
    await videos.ended(failed.id);
    const made = await videos.made({ model: 'sandbox/video:seconds=0', prompt: CONTENT });
    await videos.ended(made.id);
    expect(await listed()).toMatchObject([
      { id: made.id, object: 'video', account: 'acme', key_id: key.id, final_amount: '404000', attempt: 1 },
      { id: failed.id, status: 'failed', error_code: 'sandbox_failure', final_amount: null },
    ]);
    expect(await listed('?status=failed')).toMatchObject([{ id: failed.id }]);
    expect(await listed(`?after=${made.id}&limit=1`)).toMatchObject([{ id: failed.id }]);
    expect((await admin.admin('/admin/videos?status=cancelled', 'GET')).status).toBe(400);
    expect((await videos.call('GET', '/../../admin/videos')).status).toBe(401);
  });

  it('is purged a while after its end; the receipts stay', async () => {
    const running = await videos.made({ model: 'sandbox/video:seconds=600' });
    const before = await receipts(gateway.pool, key.id);
    await gateway.pool.query(`UPDATE videos SET created_at = created_at - interval '2 days',
      finished_at = finished_at - interval '23 hours' WHERE status = 'failed'`);
    await gateway.pool.query(`UPDATE videos SET created_at = created_at - interval '2 days',
      finished_at = finished_at - interval '25 hours' WHERE status = 'completed'`);
    await gateway.app.get(VideoRetention).purge();
    const left = (await listed()).map(({ status }) => status);
    expect(left.sort()).toEqual(['failed', expect.stringMatching(/^(queued|processing)$/)]);
    expect(await receipts(gateway.pool, key.id)).toEqual(before);
    await videos.call('DELETE', `/${running.id}`);
  });
});
