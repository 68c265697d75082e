import { afterAll, afterEach, beforeAll, expect, it } from '@jest/globals';
import { parseTransaction } from 'viem';
import type { Hex } from '../../../../scripts/local-chain/local-chain.js';
import type { PaymentChain } from '../../../../src/payments/x402/facilitator.js';
import type { SignedPayment } from '../../../../src/payments/x402/payment.js';
import type { Fate } from '../../../support/node-proxy.js';
import { describeOnLocalChain } from '../../../support/on-local-chain.js';
import { PaymentWorld, type Kind } from '../../../support/payment-world.js';

const AMOUNT = 10_000n;

describeOnLocalChain('the transactions of payments', () => {
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

  it.each<Kind>(['eip3009', 'permit2', 'upto'])('finds what was mined after its wait (%s)', async (kind) => {
    const payment = await sign(kind);
    const id = world.paymentId();
    await world.chain.setAutomine(false);

    const pending = await hasty.facilitator.move(id, payment, AMOUNT);

    const [sent, ...others] = await world.sent(id);
    expect(others).toEqual([]);
    expect(pending).toEqual({ outcome: 'unknown', transactionHash: sent?.hash });
    expect(await hasty.facilitator.find(id, payment, AMOUNT)).toEqual(pending);
    expect(await hasty.facilitator.move(id, payment, AMOUNT)).toEqual(pending);
    await world.chain.mine();
    const moved = { outcome: 'moved', transactionHash: sent?.hash };
    expect(await hasty.facilitator.find(id, payment, AMOUNT)).toEqual(moved);
    expect(await hasty.facilitator.move(id, payment, AMOUNT)).toEqual(moved);
    expect(await world.sent(id)).toHaveLength(1);
  });

  it('replaces a transaction that offers too little by one with the same account nonce', async () => {
    const payment = await sign();
    const id = world.paymentId();
    await world.chain.setAutomine(false);
    await hasty.facilitator.move(id, payment, AMOUNT);
    await world.chain.client.setNextBlockBaseFeePerGas({ baseFeePerGas: 10n ** 11n });
    await world.chain.mine();

    expect(await hasty.facilitator.move(id, payment, AMOUNT)).toMatchObject({ outcome: 'unknown' });

    const [first, second, ...others] = await world.sent(id);
    expect(others).toEqual([]);
    expect(second?.nonce).toBe(first?.nonce);
    const [cheap, dear] = [first!, second!].map(({ raw }) => parseTransaction(raw as Hex));
    expect(dear?.maxFeePerGas).toBeGreaterThan(cheap!.maxFeePerGas! * 2n);
    expect(dear).toMatchObject({ to: cheap?.to, data: cheap?.data });
    await world.chain.mine();
    expect(await hasty.facilitator.move(id, payment, AMOUNT)).toEqual({
      outcome: 'moved',
      transactionHash: second?.hash,
    });
  });

  it('sends again what its node has forgotten, whatever became of the payment', async () => {
    const process = await world.process({ settleMs: 300 });
    const payment = await sign();
    const id = world.paymentId();
    await world.chain.setAutomine(false);
    await hasty.facilitator.move(id, payment, AMOUNT);
    const [sent] = await world.sent(id);
    await world.chain.client.dropTransaction({ hash: sent!.hash as Hex });

    await process.tend();
    await process.tend();
    await world.chain.mine();

    expect(await world.chain.receipt(sent!.hash as Hex)).toMatchObject({ status: 'success' });
  });

  it('moves many payments at once, and one payment once for two processes', async () => {
    const payer = await world.richWallet(20n * AMOUNT);
    const payments = await Promise.all(Array.from({ length: 20 }, () => sign('eip3009', payer)));
    const [one, other] = [await world.open({ settleMs: 20_000 }), await world.open({ settleMs: 20_000 })];
    const ids = payments.map(() => world.paymentId());

    const moved = await Promise.all(
      payments.flatMap((payment, index) => [
        one.facilitator.move(ids[index]!, payment, AMOUNT),
        ...(index < 3 ? [other.facilitator.move(ids[index]!, payment, AMOUNT)] : []),
      ]),
    );

    expect(new Set(moved.map(({ outcome }) => outcome))).toEqual(new Set(['moved']));
    expect(await world.received(payer)).toEqual(payments.map(() => AMOUNT));
    const nonces = await world.nonces();
    expect(nonces.map(({ payments }) => payments)).toEqual(nonces.map(() => 1));
    expect(nonces.at(-1)!.nonce - nonces[0]!.nonce + 1).toBe(nonces.length);
  });

  const METHODS = [
    'eth_getCode',
    'eth_call',
    'eth_estimateGas',
    'eth_getBlockByNumber',
    'eth_getTransactionCount',
    'eth_sendRawTransaction',
    'eth_getTransactionReceipt',
    'eth_getTransactionByHash',
  ];
  it.each(
    (['eip3009', 'upto'] as const).flatMap((kind) =>
      METHODS.flatMap((method) => (['refused', 'answerLost'] as const).map((fate) => [kind, method, fate])),
    ) as [Kind, string, Fate][],
  )('never fails a payment because of its node: %s, %s is %s', async (kind, method, fate) => {
    const payer = await world.richWallet(AMOUNT);
    const payment = await sign(kind, payer);
    const id = world.paymentId();
    world.node.rule((called) => (called === method ? fate : 'passed'));
    const verdict = await chain.facilitator.verify(payment).catch((thrown: unknown) => thrown);
    if (method === 'eth_getCode' || method === 'eth_call') {
      expect(verdict).toMatchObject({ code: 'service_unavailable', retryAfterSeconds: 5 });
      expect(String((verdict as Error).cause)).not.toContain('secret-path');
    } else expect(verdict).toEqual({ isValid: true, available: AMOUNT });

    const first = await hasty.facilitator.move(id, payment, AMOUNT);
    expect(first.outcome).not.toBe('failed');
    world.node.rule(() => 'passed');

    expect(await chain.facilitator.move(id, payment, AMOUNT)).toMatchObject({ outcome: 'moved' });
    expect(await world.received(payer)).toEqual([AMOUNT]);
    expect(await world.sent(id)).toHaveLength(1);
  });
});
