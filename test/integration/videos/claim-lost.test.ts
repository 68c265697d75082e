import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { newId } from '../../../src/base/ids.js';
import { videoPrice } from '../../../src/base/money/video-price.js';
import { Workers } from '../../../src/app/workers.js';
import { VideoStore, type LostVideo, type VideoIntent } from '../../../src/videos/video-store.js';
import { Payer } from '../../../src/payments/payer.js';
import { claimLostVideos } from '../../../src/storage/videos/claim-lost-videos.js';
import { TestGateway, type CreatedKey } from '../../support/gateway.js';
import { openHolds } from '../../support/ledger-state.js';

const ERROR = { code: 'submission_unknown', message: 'Nobody knows.' };
const ACCEPTED = { upstreamId: 'up', status: 'queued', progress: 0, nextPollMs: 600_000 } as const;

/** Two processes that do nothing by themselves here. */
let gateways: readonly [TestGateway, TestGateway];
let ours: VideoStore;
let theirs: VideoStore;
let key: CreatedKey;

beforeAll(async () => {
  const first = await TestGateway.start();
  const second = await TestGateway.start({ database: first.database });
  gateways = [first, second];
  await Promise.all(gateways.map(({ app }) => app.get(Workers).stop('upkeep')));
  [ours, theirs] = [first.app.get(VideoStore), second.app.get(VideoStore)];
  key = await first.createKey();
});
afterEach(async () => {
  const { rows } = await gateways[0].pool.query<{ id: string }>('SELECT id FROM videos');
  await Promise.all(rows.map(({ id }) => ours.fail(id, ERROR)));
});
afterAll(async () => {
  await gateways[1].close();
  await gateways[0].close();
});

/** @returns its id */
async function submitted(more: Partial<VideoIntent> = {}): Promise<string> {
  const id = newId('video');
  await ours.submit({
    id,
    holdId: newId('hold'),
    payer: Payer.ofKey(key.key),
    requestId: newId('req'),
    shape: 'generation',
    model: 'film:fast',
    parameters: { prompt: 'A NUL \0', seconds: 4, seed: 5 },
    hasImage: false,
    remixedFrom: undefined,
    price: 0n,
    terms: {
      ...videoPrice('free', 4, 100).terms,
      chainId: null,
      provider: 'studio',
      model: 'film',
    },
    upstreamModel: 'film-upstream',
    createdAtMs: Date.now(),
    once: undefined,
    ...more,
  });
  return id;
}

/** As if the process that submits it had died. */
async function lose(id: string): Promise<void> {
  await gateways[0].pool.query(`UPDATE videos SET process_id = 'proc_dead' WHERE id = $1`, [id]);
}

async function claimed(id: string): Promise<LostVideo | undefined> {
  return (await theirs.claimLost([], 100)).find((lost) => lost.id === id);
}

describe('videos that a dead process was submitting', () => {
  it('are given to one of many who claim them, and to nobody while their process lives', async () => {
    const ids = await Promise.all(Array.from({ length: 20 }, () => submitted()));
    expect(await theirs.claimLost([], 100)).toEqual([]);
    await Promise.all(ids.map(lose));
    const claims = await Promise.all(
      Array.from({ length: 12 }, (_none, index) => (index % 2 === 0 ? ours : theirs).claimLost(ids, 3)),
    );
    const won = claims.flat().map(({ id }) => id);
    expect(new Set(won).size).toBe(won.length);
    const rest = [...(await ours.claimLost(ids, 100)), ...(await theirs.claimLost(ids, 100))];
    expect([...won, ...rest.map(({ id }) => id)].sort()).toEqual([...ids].sort());
  });

  it('are not taken from this process while they begin, however long ago their request was made by its clock', async () => {
    const id = await submitted({ createdAtMs: Date.now() - 3_600_000 });
    expect(await ours.claimLost([], 100)).toEqual([]);
    await gateways[0].pool.query(`UPDATE holds SET created_at = created_at - interval '2 minutes'`);
    expect(await ours.claimLost([id], 100)).toEqual([]);
    expect(await ours.claimLost([], 100)).toMatchObject([{ id }]);
  });

  it('are not taken from this process while it submits them, although its lease has lapsed', async () => {
    const id = await submitted();
    const { pool } = gateways[0];
    await pool.query(`UPDATE videos SET process_id = 'proc_lapsed' WHERE id = $1`, [id]);
    expect(await claimLostVideos(pool, 'proc_lapsed', [], 100)).toEqual([]);
    await pool.query(`UPDATE holds SET created_at = created_at - interval '2 minutes'`);
    expect(await claimLostVideos(pool, 'proc_lapsed', [id], 100)).toEqual([]);
    expect(await claimLostVideos(pool, 'proc_lapsed', [], 100)).toMatchObject([{ id }]);
  });

  it('come with all that is needed to submit them again, or say what is missing', async () => {
    const plain = await submitted();
    const image = await submitted({ hasImage: true });
    const source = await submitted();
    const remix = await submitted({ remixedFrom: source });
    const orphan = await submitted({ remixedFrom: 'video_gone' });
    await ours.retarget(plain, { provider: 'other', upstreamModel: 'o', upstreamKey: 'mark' }, 3);
    await ours.accept(source, ACCEPTED);
    await Promise.all([plain, image, source, remix, orphan].map(lose));
    const lost = new Map((await theirs.claimLost([], 100)).map((video) => [video.id, video]));
    expect(lost.get(plain)).toMatchObject({
      model: 'film:fast',
      parameters: { prompt: 'A NUL \0', seconds: 4, seed: 5 },
      isWhole: true,
      provider: 'other',
      upstreamModel: 'o',
      upstreamKey: 'mark',
      attempt: 3,
      isSent: true,
    });
    expect(lost.get(image)?.isWhole).toBe(false);
    expect(lost.get(remix)).toMatchObject({ isWhole: true, remixOf: 'up' });
    expect(lost.get(orphan)?.isWhole).toBe(false);
    expect(lost.has(source)).toBe(false);
  });

  it('are not sent, withdrawn or failed by the one before, who was not dead after all', async () => {
    const id = await submitted();
    await lose(id);
    expect(await claimed(id)).toBeDefined();
    expect(await ours.retarget(id, { provider: 'studio', upstreamModel: 'f', upstreamKey: 'mark' }, 2)).toBe(
      false,
    );
    await ours.withdraw(id);
    expect(await ours.failSubmission(id, ERROR)).toBe(false);
    expect(await openHolds(gateways[0].pool)).toHaveLength(1);
    expect(
      await theirs.retarget(id, { provider: 'studio', upstreamModel: 'f', upstreamKey: 'mark' }, 2),
    ).toBe(true);
    // What it heard of its provider counts, and nobody fails it then.
    expect(await ours.accept(id, ACCEPTED)).toBe(true);
    expect(await theirs.failSubmission(id, ERROR)).toBe(false);
    expect(await theirs.accept(id, ACCEPTED)).toBe(true);
  });

  it('fail once, with their holds', async () => {
    const id = await submitted();
    await lose(id);
    expect(await claimed(id)).toBeDefined();
    const ends = await Promise.all([1, 2, 3].map(() => theirs.failSubmission(id, ERROR)));
    expect(ends.filter(Boolean)).toHaveLength(1);
    expect(await openHolds(gateways[0].pool)).toEqual([]);
  });
});
