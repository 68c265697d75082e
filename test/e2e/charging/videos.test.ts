import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { JsonObject } from '../../../src/base/json.js';
import { OpenStream } from '../../support/gateway-client.js';
import { TestGateway, type CreatedKey } from '../../support/gateway.js';
import { refusal, startScriptedUpstream, type ScriptedUpstream } from '../../support/scripted-upstream.js';
import { framesOf } from '../../support/sse-frames.js';
import { VideosClient, type ShownVideo } from '../videos/videos-client.js';
import { endOfVideo, fileOf, oneJob, VIDEO_BILL } from './askers.js';
import { expectBill, newPayer } from './bills.js';
import { toldByFrames } from './ways.js';

let upstream: ScriptedUpstream;
let gateway: TestGateway;
let payer: CreatedKey;
let videos: VideosClient;
let state: JsonObject;

beforeAll(async () => {
  upstream = await startScriptedUpstream();
  gateway = await TestGateway.start({ file: fileOf(upstream.url, { timeout_ms: 20_000 }) });
});
beforeEach(async () => {
  upstream.reset();
  state = { status: 'in_progress', progress: 10 };
  upstream.always(oneJob(() => state));
  payer = await newPayer(gateway);
  videos = new VideosClient(gateway.url, payer.key);
});
afterAll(async () => {
  await gateway.close();
  await upstream.close();
});

const film = (more: object = {}): Promise<ShownVideo> => videos.made({ model: 'film', ...more });

describe('[charge.video-made] a video that completed: measured usage', () => {
  it('by the seconds that were asked for, when it is there and not before', async () => {
    const { id } = await film();
    expect(await gateway.keyBudget(payer.id)).toEqual({ spent: 0, held: 404_000 });
    expect(await videos.find(id)).not.toHaveProperty('compose_receipt');
    state = { status: 'completed', progress: 100 };
    const { receipt } = await endOfVideo(gateway, payer.key, id);
    await expectBill(gateway, payer, VIDEO_BILL, receipt);
  });

  it('by the seconds that were made, where they are fewer', async () => {
    const { id } = await film({ duration: 8 });
    expect(await gateway.keyBudget(payer.id)).toEqual({ spent: 0, held: 808_000 });
    state = { status: 'completed', seconds: '4' };
    const { receipt } = await endOfVideo(gateway, payer.key, id);
    await expectBill(gateway, payer, VIDEO_BILL, receipt);
  });

  it('also while nobody watches it, and whoever watches is shown the same receipt', async () => {
    const { id } = await film();
    const watchers = await Promise.all(
      Array.from({ length: 3 }, () => videos.call('GET', `/${id}/stream?pollIntervalMs=500`)),
    );
    const [leaving, ...staying] = watchers.map((answer) => new OpenStream(answer));
    await leaving!.shows('compose.video.status');
    await leaving!.response.body?.cancel().catch(() => undefined);
    state = { status: 'completed', progress: 100 };
    const { receipt } = await endOfVideo(gateway, payer.key, id);
    for (const stream of staying) {
      await stream.ended;
      expect(toldByFrames(framesOf(stream.text)).receipt).toEqual(receipt);
    }
    await expectBill(gateway, payer, VIDEO_BILL, receipt);
  });
});

describe('[charge.video-not-made] video failed or cancelled: nothing', () => {
  it.each<JsonObject>([
    { status: 'failed', error: { code: 'moderation_blocked', message: 'no' } },
    { status: 'failed', error: null },
    { status: 'cancelled' },
    { status: 'expired' },
  ])('ended by its upstream as %j', async (end) => {
    const { id } = await film();
    state = end;
    const { outcome, receipt } = await endOfVideo(gateway, payer.key, id);
    expect(outcome).toBe('failed');
    await expectBill(gateway, payer, 'nothing', receipt);
  });

  it('cancelled by its client', async () => {
    const { id } = await videos.made({ model: 'sandbox/video:seconds=600' });
    expect((await videos.call('POST', `/${id}/cancel`)).status).toBe(200);
    const { outcome, receipt } = await endOfVideo(gateway, payer.key, id);
    expect(outcome).toBe('failed');
    await expectBill(gateway, payer, 'nothing', receipt);
  });

  it('deleted by its client before it was there', async () => {
    const { id } = await videos.made({ model: 'sandbox/video:seconds=600' });
    expect((await videos.call('DELETE', `/${id}`)).status).toBe(200);
    await expectBill(gateway, payer, 'nothing');
  });

  it('of which nobody knows whether its upstream took it', async () => {
    upstream.next((exchange) => exchange.breakConnection());
    const { id } = await film();
    const { code, receipt } = await endOfVideo(gateway, payer.key, id);
    expect(code).toBe('submission_unknown');
    await expectBill(gateway, payer, 'nothing', receipt);
  });
});

describe('a video that its upstream refused: nothing', () => {
  it.each([
    [400, 400],
    [401, 502],
    [402, 502],
    [404, 502],
    [429, 429],
  ])('with %i', async (said, told) => {
    upstream.always(refusal(said));
    const answer = await videos.generate({ model: 'film' });
    expect(answer.status).toBe(told);
    expect(answer.headers.has('x-compose-receipt')).toBe(false);
    await expectBill(gateway, payer, 'nothing');
    expect(await (await videos.call('GET', '')).json()).toMatchObject({ data: [] });
  });
});
