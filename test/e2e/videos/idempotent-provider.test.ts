import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { PNG } from '../../providers/image/image-host.js';
import { GatewayClient } from '../../support/gateway-client.js';
import { TestGateway, type CreatedKey } from '../../support/gateway.js';
import { openHolds, receipts } from '../../support/ledger-state.js';
import { breaks, fileWithBoth, refuses, says, VideoUpstream, type Answer } from './video-upstream.js';
import { VideosClient } from './videos-client.js';

const IMAGE_URL = `data:image/png;base64,${PNG.toString('base64')}`;

let first: VideoUpstream;
let second: VideoUpstream;
let gateway: TestGateway;
let key: CreatedKey;
let videos: VideosClient;

beforeAll(async () => {
  first = await VideoUpstream.start();
  second = await VideoUpstream.start();
  gateway = await TestGateway.start({ file: fileWithBoth(first, second, { idempotent_videos: true }) });
});
beforeEach(async () => {
  key = await gateway.createKey({ budget_limit: '1000000' });
  videos = new VideosClient(gateway.url, key.key);
  for (const upstream of [first, second]) {
    upstream.submissions = 0;
    upstream.keys.clear();
    upstream.bodies.length = 0;
    upstream.find = says({ status: 'completed' });
  }
});
afterAll(async () => {
  await gateway.close();
  await first.close();
  await second.close();
});

/** The last one again and again. */
function inTurn(...answers: readonly Answer[]): Answer {
  return (response, request) => (answers[first.submissions - 1] ?? answers.at(-1))?.(response, request);
}

async function newest(): Promise<unknown> {
  const listed = await new GatewayClient(gateway.url).admin('/admin/videos?limit=1', 'GET');
  return ((await listed.json()) as { data: readonly unknown[] }).data[0];
}

describe('a submission that may have been taken by a provider that honours idempotency keys', () => {
  it('is made there again, the same to the last byte, until it is answered', async () => {
    first.submit = inTurn(breaks, refuses(409), refuses(503), says({ status: 'queued' }));
    const { id } = await videos.made({ model: 'film', image_url: IMAGE_URL });
    expect(await videos.ended(id)).toMatchObject({ status: 'completed' });
    expect([...first.keys]).toEqual([id]);
    expect(first.submissions).toBe(4);
    expect(new Set(first.bodies).size).toBe(1);
    expect(second.submissions).toBe(0);
    expect(await newest()).toMatchObject({ id, provider: 'first', attempt: 4 });
    expect(await receipts(gateway.pool, key.id)).toEqual([{ finalAmount: 404_000, estimated: false }]);
  });

  it.each<[string, Answer]>([
    ['breaks', breaks],
    ['is refused, which says nothing of the first time', refuses(400)],
  ])('fails as unknown when it always %s, and goes nowhere else', async (_name, again) => {
    first.submit = inTurn(breaks, again);
    expect(await videos.made({ model: 'film' })).toMatchObject({
      status: 'failed',
      error: { code: 'submission_unknown' },
    });
    expect([first.submissions, second.submissions]).toEqual([4, 0]);
    expect(await openHolds(gateway.pool)).toEqual([]);
    expect(await gateway.keyBudget(key.id)).toEqual({ spent: 0, held: 0 });
  });

  it('goes to another one first while nothing can have been taken', async () => {
    first.submit = refuses(429);
    second.submit = (response, request) =>
      (second.submissions === 1 ? refuses(500) : says({ status: 'queued' }))(response, request);
    const { id } = await videos.made({ model: 'film' });
    expect(await videos.ended(id)).toMatchObject({ status: 'completed' });
    expect([first.submissions, second.submissions]).toEqual([1, 2]);
    expect([...second.keys]).toEqual([id]);
    expect(await newest()).toMatchObject({ provider: 'second', attempt: 3 });
  });
});
