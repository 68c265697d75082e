import { afterAll, afterEach, beforeAll, expect, it } from '@jest/globals';
import { CONTRACTS, type Hex } from '../../../../scripts/local-chain/local-chain.js';
import type { PaymentChain } from '../../../../src/payments/x402/facilitator.js';
import type { SignedPayment } from '../../../../src/payments/x402/payment.js';
import { describeOnLocalChain } from '../../../support/on-local-chain.js';
import {
  authorizedBy,
  broadcastable,
  broadcastableWithPermit,
  cancel,
  giveAway,
  inOneTransaction,
  send,
  spentElsewhere,
  transferCall,
} from '../../../support/payer-acts.js';
import { PaymentWorld, type Kind } from '../../../support/payment-world.js';

const AMOUNT = 10_000n;

describeOnLocalChain('payments that others interfere with', () => {
  let world: PaymentWorld;
  let chain: PaymentChain;
  let hasty: PaymentChain;

  beforeAll(async () => {
    world = await PaymentWorld.start();
    chain = await world.open();
    hasty = await world.open({ settleMs: 300 });
  });
  afterAll(() => world.stop());
  afterEach(async () => {
    world.node.rule(() => 'passed');
    await world.chain.setAutomine(true);
  });

  const sign = (kind: Kind = 'eip3009', from = world.payer): Promise<SignedPayment> =>
    world.sign(kind, chain.facilitatorAddress, { from, amount: AMOUNT });

  it.each([
    ['eip3009', broadcastable],
    ['permit2', broadcastable],
    ['permit2', broadcastableWithPermit],
  ] as const)('takes a transfer that somebody else has sent (%s)', async (kind, broadcast) => {
    for (const ask of ['move', 'find'] as const) {
      const payer = await world.richWallet(AMOUNT);
      const payment = await sign(kind, payer);
      const somebody = await world.chain.wallet();
      const { to, data } = broadcast(authorizedBy(payment));
      const hash = await send(world.chain, somebody, to, data);
      await world.chain.mined(hash);

      expect(await chain.facilitator[ask](world.paymentId(), payment, AMOUNT)).toEqual({
        outcome: 'moved',
        transactionHash: hash,
      });
      expect(await world.received(payer)).toEqual([AMOUNT]);
    }
  });

  it('takes no transfer whose nonce has paid for something else in the same transaction', async () => {
    const payer = await world.richWallet(2n * AMOUNT);
    const [paid, claimed] = [await sign('eip3009', payer), await sign('eip3009', payer)];
    const calls = [authorizedBy(paid), await spentElsewhere(claimed, payer)].map(transferCall);
    const hash = await send(world.chain, payer, CONTRACTS.multicall3, inOneTransaction(calls));
    await world.chain.mined(hash);

    expect(await chain.facilitator.move(world.paymentId(), paid, AMOUNT)).toEqual({
      outcome: 'moved',
      transactionHash: hash,
    });
    expect(await chain.facilitator.move(world.paymentId(), claimed, AMOUNT)).toEqual({
      outcome: 'failed',
      reason: 'invalid_exact_evm_nonce_already_used',
    });
  });

  it.each<[Kind, string]>([
    ['eip3009', 'invalid_exact_evm_nonce_already_used'],
    ['permit2', 'permit2_invalid_nonce'],
    ['upto', 'permit2_invalid_nonce'],
  ])('fails a payment that was cancelled, also beside one that was not (%s)', async (kind, reason) => {
    const payer = await world.richWallet(2n * AMOUNT);
    const [moved, payment] = [await sign(kind, payer), await sign(kind, payer)];
    expect(await chain.facilitator.move(world.paymentId(), moved, AMOUNT)).toMatchObject({
      outcome: 'moved',
    });
    await world.chain.mined(await cancel(world.chain, payment, payer));

    for (const ask of ['move', 'find'] as const)
      expect(await chain.facilitator[ask](world.paymentId(), payment, AMOUNT)).toEqual({
        outcome: 'failed',
        reason,
      });
  });

  it('fails a payment whose transaction is reverted', async () => {
    const payer = await world.richWallet(AMOUNT);
    const payment = await sign('eip3009', payer);
    const id = world.paymentId();
    await world.chain.setAutomine(false);
    const pending = await hasty.facilitator.move(id, payment, AMOUNT);
    expect(pending).toEqual({ outcome: 'unknown', transactionHash: expect.any(String) });
    await giveAway(world.chain, payer, 1n);
    await world.chain.mine();

    for (const ask of ['move', 'find'] as const)
      expect(await chain.facilitator[ask](id, payment, AMOUNT)).toEqual({
        outcome: 'failed',
        reason: 'invalid_exact_evm_transaction_failed',
      });
  });

  it('moves what was used of a payment whose wallet could not pay the most any more', async () => {
    const payer = await world.richWallet(AMOUNT);
    const payment = await sign('upto', payer);
    await world.chain.mined(await giveAway(world.chain, payer, 9_000n));

    expect(await chain.facilitator.move(world.paymentId(), payment, 1_000n)).toMatchObject({
      outcome: 'moved',
    });
    const other = await sign('upto', payer);
    expect(await chain.facilitator.move(world.paymentId(), other, 1_000n)).toMatchObject({
      outcome: 'failed',
    });
  });

  it('tells in the words of the protocol why it refuses', async () => {
    const poor = await world.chain.wallet();
    const verify = async (payment: SignedPayment): Promise<unknown> => chain.facilitator.verify(payment);
    const dear = { ...(await sign()), authorised: AMOUNT + 1n };
    const forged = await sign();
    Object.assign(authorizedBy(forged).authorization, { value: '9999' });

    expect(await verify(dear)).toEqual({
      isValid: false,
      reason: 'invalid_exact_evm_payload_authorization_value_mismatch',
    });
    expect(await verify(forged)).toEqual({ isValid: false, reason: 'invalid_exact_evm_signature' });
    expect(await verify(await sign('eip3009', poor))).toEqual({
      isValid: false,
      reason: 'invalid_exact_evm_insufficient_balance',
    });
    await world.chain.mint(poor.address, AMOUNT);
    const kinds = ['permit2', 'upto'] as const;
    for (const kind of kinds)
      expect(await verify(await sign(kind, poor))).toEqual({
        isValid: false,
        reason: 'permit2_allowance_required',
      });
    await world.chain.approvePermit2(poor.privateKey, 4_000n);
    for (const kind of kinds) {
      const small = await world.sign(kind, chain.facilitatorAddress, { from: poor, amount: 10n });
      expect(await verify(small)).toEqual({ isValid: true, available: 4_000n });
    }
    const over = await sign('upto');
    expect(await chain.facilitator.move(world.paymentId(), over, AMOUNT + 1n)).toEqual({
      outcome: 'failed',
      reason: 'invalid_upto_evm_payload_settlement_exceeds_amount',
    });
  });

  it('fails a payment that has expired on chain, and no sooner', async () => {
    const reasons = {
      eip3009: 'invalid_exact_evm_payload_authorization_valid_before',
      permit2: 'permit2_deadline_expired',
      upto: 'permit2_deadline_expired',
    };
    const slow = await sign();
    const soon = new Map<string, [SignedPayment, string]>();
    for (const [kind, reason] of Object.entries(reasons)) {
      const payment = await world.sign(kind as Kind, chain.facilitatorAddress, {
        seconds: 3,
        amount: AMOUNT,
      });
      expect(await chain.facilitator.verify(payment)).toEqual({ isValid: false, reason });
      const id = world.paymentId();
      expect((await hasty.facilitator.move(id, payment, AMOUNT)).outcome).toBe('unknown');
      soon.set(id, [payment, reason]);
    }
    await world.chain.setAutomine(false);
    const waiting = world.paymentId();
    expect(await hasty.facilitator.move(waiting, slow, AMOUNT)).toMatchObject({ outcome: 'unknown' });
    const [sent] = await world.sent(waiting);
    await world.chain.client.dropTransaction({ hash: sent!.hash as Hex });
    await world.chain.advanceTime(1_000);

    for (const [id, [payment, reason]] of soon)
      expect(await chain.facilitator.find(id, payment, AMOUNT)).toEqual({ outcome: 'failed', reason });
    // Its account nonce is still to be used up, by the transaction that cannot move anything any more.
    expect(await hasty.facilitator.move(waiting, slow, AMOUNT)).toMatchObject({ outcome: 'unknown' });
    await world.chain.mine();
    expect(await hasty.facilitator.move(waiting, slow, AMOUNT)).toMatchObject({ outcome: 'failed' });
    expect(await world.chain.transactionCount(world.signer.address)).toBe(sent!.nonce + 1);
  });
});
