import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { newId } from '../../../src/base/ids.js';
import { agreedPrice } from '../../../src/base/money/agreed-price.js';
import { NO_USAGE } from '../../../src/base/money/usage.js';
import { KeyStore } from '../../../src/payments/keys/key-store.js';
import { Ledger, type HoldSettlement } from '../../../src/payments/ledger.js';
import { Payer } from '../../../src/payments/payer.js';
import type { CompletionWords } from '../../../src/payments/x402/payment-store.js';
import { ReceiptSigner } from '../../../src/payments/receipts/receipt-signer.js';
import { ReceiptStore } from '../../../src/payments/receipts/receipt-store.js';
import { Settling } from '../../../src/payments/receipts/settling.js';
import { settlementOf } from '../../../src/payments/settlement.js';
import { Sweeper } from '../../../src/payments/sweeper.js';
import { PaymentStore } from '../../../src/payments/x402/payment-store.js';
import { VideoEndings } from '../../../src/videos/video-endings.js';
import { VideoStore, type VideoIntent } from '../../../src/videos/video-store.js';
import { expectSoundBooks } from '../../support/books.js';
import { TestGateway } from '../../support/gateway.js';
import { expectGenuine, publishedKeys } from '../../support/receipts.js';
import { until } from '../../support/until.js';
import { granted, outcomeOf } from '../payments/ledger-fixture.js';
import {
  claimOf,
  newAddress,
  openPaymentBooks,
  signedPayment,
  walletRequest,
  words,
} from './payment-fixture.js';

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await TestGateway.start();
});
afterAll(async () => {
  await expectSoundBooks(gateway.pool);
  await gateway.close();
});

const payments = (): PaymentStore => gateway.app.get(PaymentStore);
const gatewayWords: CompletionWords = {
  ...words,
  sign: (receipt) => gateway.app.get(ReceiptSigner).sign(receipt),
};

/** The receipt as the gateway shows it, with what is signed. */
async function shown(account: string): Promise<unknown> {
  const page = await gateway.app
    .get(ReceiptStore)
    .page(account, { limit: 10, order: 'asc', after: undefined });
  expect(page.receipts).toHaveLength(1);
  return expectGenuine(page.receipts[0], await publishedKeys(gateway.url));
}

describe('the receipt of a wallet', () => {
  it.each([
    { scheme: 'upto', tokens: 20, hash: undefined, final: '51', line: undefined, status: 'pending' },
    { scheme: 'upto', tokens: 90, hash: undefined, final: '100', line: 'overrun', status: 'pending' },
    {
      scheme: 'exact',
      tokens: 20,
      hash: '0xearly',
      final: '100',
      line: 'unused_prepayment',
      status: 'settled',
    },
    { scheme: 'exact', tokens: 90, hash: '0xearly', final: '100', line: 'overrun', status: 'settled' },
  ] as const)(
    'is genuine: $scheme, $tokens tokens, $status',
    async ({ scheme, tokens, hash, ...expected }) => {
      const payer = newAddress();
      const request = walletRequest(claimOf(signedPayment(payer, { scheme })));
      const grant = granted(await gateway.app.get(Ledger).hold(request));
      if (hash !== undefined) {
        await payments().startMoving(request.payment!.id, 100n);
        await payments().complete(
          request.payment!.id,
          { outcome: 'moved', transactionHash: hash },
          gatewayWords,
        );
      }
      const ended = {
        ...grant,
        requestId: request.requestId,
        responseId: request.responseId,
        chainId: 43113,
      };
      const settlement: HoldSettlement = {
        ...settlementOf(
          { ...ended, provider: 'sandbox', model: 'sandbox/echo' },
          agreedPrice(request.terms),
          {
            usage: { ...NO_USAGE, inputTokens: 10, outputTokens: tokens },
            estimated: false,
          },
          Date.now(),
        ),
        holdId: request.holdId,
        keyId: grant.keyId,
        idempotencyKey: request.once!.key,
        held: grant.amount,
        payment: { scheme, authorised: 100n, transactionHash: hash },
      };
      const receipt = await gateway.app.get(Settling).settle(settlement);
      expect(await shown(grant.accountId)).toMatchObject({
        finalAmountWei: expected.final,
        settlementStatus: expected.status,
      });
      expect(receipt?.lineItems.map(({ key }) => key)).toEqual(
        ['input_tokens', 'output_tokens', expected.line].filter((line) => line !== undefined),
      );
      await payments().conclude(request.holdId);
      const movement = { outcome: 'moved' as const, transactionHash: hash ?? '0xlate' };
      const completed = await payments().complete(request.payment!.id, movement, gatewayWords);
      expect(completed.receipt).toMatchObject({ id: receipt?.id, txHash: movement.transactionHash });
      expect(await shown(grant.accountId)).toMatchObject({ settlementStatus: 'settled' });
    },
  );
});

describe('a process that dies', () => {
  it.each([undefined, '0xearly'])('leaves a call that another one settles as agreed: %s', async (hash) => {
    const dying = await openPaymentBooks(gateway.database.url);
    const payer = newAddress();
    const request = walletRequest(claimOf(signedPayment(payer, { scheme: 'exact' })));
    const { accountId } = granted(await dying.ledger.hold(request));
    await dying.ledger.markSent(request.holdId);
    const { id } = request.payment!;
    if (hash !== undefined) {
      await dying.payments.startMoving(id, 100n);
      await dying.payments.complete(id, { outcome: 'moved', transactionHash: hash }, gatewayWords);
    }
    await dying.leases.end(dying.identity.id);
    await dying.database.close();
    // A sweep ends nothing while another one, of the gateway itself, is under way.
    await until(async () => {
      await gateway.app.get(Sweeper).sweep();
      const settled = 'SELECT FROM receipts WHERE hold_id = $1';
      return (await gateway.pool.query(settled, [request.holdId])).rowCount === 1;
    });
    expect(await shown(accountId)).toMatchObject({
      finalAmountWei: '100',
      settlementStatus: hash === undefined ? 'pending' : 'settled',
    });
    expect(await payments().conclude(request.holdId)).toMatchObject({
      state: hash === undefined ? 'due' : 'settled',
    });
  });
});

describe('a video that a wallet pays for', () => {
  const TERMS = { kind: 'video', feeBps: 100, chainId: 43113, provider: 'sandbox', model: 'sandbox/video' };
  const terms = {
    ...TERMS,
    seconds: 4,
    pricing: { perSecond: '0.1' },
    payment: { scheme: 'exact' as const },
  };

  function intentOf(payer: string): VideoIntent {
    const payment = claimOf(signedPayment(payer, { scheme: 'exact', authorised: 500_000n }), {
      available: 900_000n,
    });
    return {
      id: newId('video'),
      holdId: newId('hold'),
      payer: Payer.ofWallet(43113, payer),
      requestId: newId('req'),
      shape: 'generation',
      model: 'sandbox/video',
      parameters: { prompt: 'a bird', seconds: 4 },
      hasImage: false,
      remixedFrom: undefined,
      price: 404_000n,
      terms,
      upstreamModel: 'video',
      createdAtMs: Date.now(),
      once: { key: payment.id, fingerprint: Buffer.from('x'), status: 202 },
      payment,
    };
  }

  it('claims its payment with its hold, and leaves nothing of what is refused', async () => {
    const store = gateway.app.get(VideoStore);
    const payer = newAddress();
    const video = intentOf(payer);
    expect(outcomeOf(await store.submit(video))).toBe('granted 500000');
    expect(outcomeOf(await store.submit(video))).toBe('granted 500000');
    expect(
      outcomeOf(await store.submit({ ...intentOf(payer), payment: video.payment, once: video.once })),
    ).toBe('payment_claimed');
    expect(outcomeOf(await store.submit(intentOf(payer)))).toBe('budget_held');
    const { rows } = await gateway.pool.query('SELECT state FROM admin.x402_payments WHERE payer = $1', [
      payer,
    ]);
    expect(rows).toEqual([{ state: 'claimed' }]);
    await store.withdraw(video.id);
    expect(await payments().conclude(video.holdId)).toBeUndefined();
  });

  it.each([undefined, '0xearly'])('is charged the agreed amount when it is done: %s', async (hash) => {
    const store = gateway.app.get(VideoStore);
    const video = intentOf(newAddress());
    const { accountId } = granted(await store.submit(video));
    if (hash !== undefined) {
      await payments().startMoving(video.payment!.id, 500_000n);
      await payments().complete(video.payment!.id, { outcome: 'moved', transactionHash: hash }, gatewayWords);
    }
    const found = await store.find(accountId, video.id);
    expect(found?.upstream.payment).toEqual({ authorised: 500_000n, transactionHash: hash });
    await gateway.app.get(VideoEndings).apply(found!.upstream, { state: 'completed', content: {} });
    expect(await shown(accountId)).toMatchObject({
      finalAmountWei: '500000',
      settlementStatus: hash === undefined ? 'pending' : 'settled',
      lineItems: [{ key: 'video_seconds' }, { key: 'unused_prepayment', amountWei: '96000' }],
    });
  });
});

it('shows no wallet to those who manage keys', async () => {
  const keys = gateway.app.get(KeyStore);
  const payer = newAddress();
  const { keyId, accountId } = granted(
    await gateway.app.get(Ledger).hold(walletRequest(claimOf(signedPayment(payer)))),
  );
  expect(await keys.find(keyId)).toBeUndefined();
  expect(await keys.update(keyId, { budgetLimit: null })).toBeUndefined();
  expect(await keys.revoke(keyId)).toBeUndefined();
  const { keys: listed } = await keys.page({ limit: 100, order: 'asc', after: undefined, accountId });
  expect(listed).toEqual([]);
  expect(await keys.findFor(Payer.ofWallet(43113, payer))).toMatchObject({ id: keyId, revokedAt: null });
  const { rows } = await gateway.pool.query('SELECT FROM admin.keys WHERE key_id = $1', [keyId]);
  expect(rows).toEqual([]);
});
