import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { newId } from '../../../src/base/ids.js';
import { agreedPrice } from '../../../src/base/money/agreed-price.js';
import { NO_USAGE } from '../../../src/base/money/usage.js';
import { isRefusal } from '../../../src/payments/ledger.js';
import { Settling } from '../../../src/payments/receipts/settling.js';
import { settlementOf } from '../../../src/payments/settlement.js';
import { PollStore } from '../../../src/videos/polling/poll-store.js';
import { VideoStore, type VideoIntent, type SignedVideo } from '../../../src/videos/video-store.js';
import { Payer } from '../../../src/payments/payer.js';
import { expectSoundBooks } from '../../support/books.js';
import { TestGateway, type CreatedKey } from '../../support/gateway.js';
import { openHolds, receipts } from '../../support/ledger-state.js';

const ERROR = { code: 'cancelled', message: 'It was cancelled.' };
const TERMS = {
  pricing: 'free',
  seconds: 4,
  feeBps: 100,
  chainId: null,
  provider: 'sandbox',
  model: 'sandbox/video',
};
/** The gateway itself polls nothing while a test lasts. */
const PAUSES = { firstMs: 600_000, longestMs: 600_000 };
const PRICED = { ...TERMS, pricing: { perSecond: '0.1' } };

let gateway: TestGateway;
let store: VideoStore;
let key: CreatedKey;

beforeAll(async () => {
  gateway = await TestGateway.start();
  store = gateway.app.get(VideoStore);
  key = await gateway.createKey({ budget_limit: '1000000' });
});
afterAll(() => gateway.close());

function intent(more: Partial<VideoIntent> = {}): VideoIntent {
  return {
    id: newId('video'),
    holdId: newId('hold'),
    payer: Payer.ofKey(key.key),
    requestId: newId('req'),
    shape: 'generation',
    model: 'sandbox/video',
    parameters: { prompt: 'A NUL \0 and half a pair \uD83D', seconds: 4 },
    hasImage: false,
    remixedFrom: undefined,
    price: 404_000n,
    terms: PRICED,
    upstreamModel: 'video',
    createdAtMs: Date.now(),
    once: undefined,
    ...more,
  };
}

function settlement({ requestId, id, terms }: VideoIntent): SignedVideo {
  const { provider, model } = terms;
  const ended = { accountId: 'acme', requestId, responseId: id, provider, model, chainId: 43113 };
  const measurement = { usage: NO_USAGE, quantity: 4, estimated: false };
  const unsigned = settlementOf(ended, agreedPrice(terms), measurement, Date.now());
  return { ...unsigned, signature: gateway.app.get(Settling).sign(unsigned) };
}

describe('the store of videos', () => {
  it('takes a hold and stores the intent once, however often it is told', async () => {
    const video = intent();
    const answers = await Promise.all([store.submit(video), store.submit(video), store.submit(video)]);
    expect(answers.map(isRefusal)).toEqual([false, false, false]);
    expect(await openHolds(gateway.pool)).toHaveLength(1);
    const found = await store.find('acme', video.id);
    expect(found?.shown).toMatchObject({ status: 'submitting', parameters: video.parameters });
    await Promise.all([store.withdraw(video.id), store.withdraw(video.id)]);
    expect(await store.find('acme', video.id)).toBeUndefined();
    expect(await openHolds(gateway.pool)).toEqual([]);
  });

  it('stores nothing of what is refused', async () => {
    const video = intent({ price: 2_000_000n });
    expect(await store.submit(video)).toMatchObject({ reason: 'insufficient_budget', required: 2_000_000n });
    expect(await store.find('acme', video.id)).toBeUndefined();
  });

  it('ends a job and its hold once, whoever of many comes first', async () => {
    for (let round = 0; round < 10; round += 1) {
      const before = await receipts(gateway.pool, key.id);
      const video = intent();
      const settled = settlement(video);
      await store.submit(video);
      const accepted = store.accept(video.id, {
        upstreamId: 'up',
        status: 'queued',
        progress: 0,
        nextPollMs: 600_000,
      });
      const ends = await Promise.all(
        Array.from({ length: 12 }, (_none, index) =>
          index % 2 === round % 2
            ? store.complete(video.id, settled, { content: {}, expiresAtMs: undefined })
            : store.fail(video.id, ERROR),
        ),
      );
      await accepted;
      expect(ends.filter(Boolean)).toHaveLength(1);
      const found = await store.find('acme', video.id);
      const charged = (await receipts(gateway.pool, key.id)).length - before.length;
      expect(found?.shown.status).toBe(charged === 1 ? 'completed' : 'failed');
      expect(found?.shown.receipt === undefined).toBe(charged === 0);
      expect(await openHolds(gateway.pool)).toEqual([]);
      await expectSoundBooks(gateway.pool);
      await gateway.pool.query('UPDATE api_keys SET budget_limit = budget_spent + 1000000');
    }
  });

  it('does not let a job go back, whoever tells late what it has seen', async () => {
    const polls = gateway.app.get(PollStore);
    const video = intent({ price: 0n, terms: TERMS });
    await store.submit(video);
    const accepted = { upstreamId: 'up', status: 'queued', progress: 0, nextPollMs: 600_000 } as const;
    await store.accept(video.id, accepted);
    const claim = (): Promise<unknown> =>
      gateway.pool.query(
        `UPDATE videos SET poller_until = now() + interval '1 minute',
           poller_id = (SELECT id FROM gateway_processes) WHERE id = $1`,
        [video.id],
      );
    await claim();
    await polls.seen(video.id, { status: 'processing', progress: 60 }, PAUSES);
    // An earlier poll of this process, which could not write what it had seen for as long as its claim lasted.
    await claim();
    await polls.seen(video.id, { status: 'queued', progress: 10 }, PAUSES);
    // The acceptance, said again since its answer was lost.
    expect(await store.accept(video.id, accepted)).toBe(true);
    expect((await store.find('acme', video.id))?.shown).toMatchObject({ status: 'processing', progress: 60 });
    await store.fail(video.id, ERROR);
  });

  it('does not count the time in which nobody asked as a time in which the provider failed', async () => {
    const polls = gateway.app.get(PollStore);
    const video = intent({ price: 0n, terms: TERMS });
    await store.submit(video);
    await store.accept(video.id, { upstreamId: 'up', status: 'queued', progress: 0, nextPollMs: 600_000 });
    const miss = async (): Promise<number> => {
      await gateway.pool.query(
        `UPDATE videos SET poller_until = now() + interval '1 minute',
           poller_id = (SELECT id FROM gateway_processes) WHERE id = $1`,
        [video.id],
      );
      return polls.missed(video.id, PAUSES);
    };
    const pass = (time: string): Promise<unknown> =>
      gateway.pool.query(
        `UPDATE videos SET polled_at = polled_at - $2::interval, failing_since = failing_since - $2::interval
         WHERE id = $1`,
        [video.id, time],
      );
    expect(await miss()).toBeLessThan(1_000);
    await pass('1 minute');
    expect(await miss()).toBeGreaterThan(59_000);
    await pass('1 hour');
    expect(await miss()).toBeLessThan(1_000);
    await store.fail(video.id, ERROR);
  });

  it('writes a receipt of nothing for a free model', async () => {
    const video = intent({ price: 0n, terms: TERMS });
    await store.submit(video);
    const free = settlement(video);
    expect(await store.complete(video.id, free, { content: undefined, expiresAtMs: undefined })).toBe(true);
    expect((await store.find('acme', video.id))?.shown.receipt).toMatchObject({
      finalAmountWei: '0',
      lineItems: [],
    });
  });
});
