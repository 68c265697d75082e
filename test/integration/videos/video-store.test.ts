import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { newId } from '../../../src/ids.js';
import { buildReceipt } from '../../../src/payments/domain/build-receipt.js';
import { isRefusal } from '../../../src/payments/ledger.js';
import { encodeVideoPricing, videoCharge } from '../../../src/payments/domain/video-charge.js';
import { ReceiptSigner } from '../../../src/payments/receipts/receipt-signer.js';
import { VideoStore, type VideoIntent, type VideoSettlement } from '../../../src/videos/video-store.js';
import { expectSoundBooks } from '../../support/books.js';
import { TestGateway, type CreatedKey } from '../../support/gateway.js';
import { openHolds, receipts } from '../../support/ledger-state.js';

const ERROR = { code: 'cancelled', message: 'It was cancelled.' };
const TERMS = {
  pricing: encodeVideoPricing('free'),
  seconds: 4,
  feeBps: 100,
  chainId: null,
  provider: 'sandbox',
  model: 'sandbox/video',
};
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
    keyHash: createHash('sha256').update(key.key).digest(),
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

function settlement(video: VideoIntent): VideoSettlement {
  const unsigned = {
    receiptId: newId('rct'),
    network: 'eip155:43113',
    meterSubject: 'sandbox:sandbox/video',
    charge: videoCharge(4, video.terms),
    settledAtMs: Date.now(),
  };
  const receipt = buildReceipt({
    ...unsigned,
    ...unsigned.charge,
    accountId: 'acme',
    requestId: video.requestId,
    responseId: video.id,
    finalAmount: video.price,
    overrun: 0n,
  });
  return { ...unsigned, signature: gateway.app.get(ReceiptSigner).sign(receipt) };
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
