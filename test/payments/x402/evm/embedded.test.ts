import { afterAll, beforeAll, beforeEach, expect, it } from '@jest/globals';
import type { PaymentChain } from '../../../../src/payments/x402/facilitator.js';
import { describeOnLocalChain } from '../../../support/on-local-chain.js';
import { PaymentWorld, type Kind } from '../../../support/payment-world.js';

describeOnLocalChain('the embedded facilitator', () => {
  let world: PaymentWorld;
  let chain: PaymentChain;
  let before: number;

  beforeAll(async () => {
    world = await PaymentWorld.start();
    chain = await world.open();
  });
  afterAll(() => world.stop());
  beforeEach(async () => {
    before = (await world.received()).length;
  });

  const newlyReceived = async (): Promise<readonly bigint[]> => (await world.received()).slice(before);

  it('describes its chain', () => {
    expect(chain).toMatchObject({
      chainId: 43113,
      network: 'eip155:43113',
      payTo: world.payTo,
      facilitatorAddress: world.signer.address,
      hasUpto: true,
      hasPermit2Exact: true,
      assetName: 'USD Coin',
      assetVersion: '2',
    });
  });

  it.each<[Kind, bigint]>([
    ['eip3009', 10_000n],
    ['permit2', 10_000n],
    ['upto', 2_350n],
  ])('verifies and moves a payment by %s, once', async (kind, amount) => {
    const payment = await world.sign(kind, chain.facilitatorAddress);
    const id = world.paymentId();
    const available = await world.chain.balanceOf(world.payer.address);
    expect(await chain.facilitator.verify(payment)).toEqual({ isValid: true, available });
    expect(await chain.facilitator.find(id, payment, amount)).toEqual({ outcome: 'unused' });

    const moved = await chain.facilitator.move(id, payment, amount);

    const [sent] = await world.sent(id);
    expect(moved).toEqual({ outcome: 'moved', transactionHash: sent?.hash });
    expect(await newlyReceived()).toEqual([amount]);
    expect(await chain.facilitator.find(id, payment, amount)).toEqual(moved);
    expect(await chain.facilitator.move(id, payment, amount)).toEqual(moved);
    expect(await newlyReceived()).toEqual([amount]);
    expect(await chain.facilitator.verify(payment)).toMatchObject({ isValid: false });
  });

  it.each<Kind>(['eip3009', 'upto'])('asks the node for nothing twice, for %s', async (kind) => {
    const payment = await world.sign(kind, chain.facilitatorAddress);
    const asked = async (work: () => Promise<unknown>) => {
      const before = world.node.called.length;
      await work();
      return world.node.called.slice(before);
    };
    const verified = await asked(() => chain.facilitator.verify(payment));
    // What the wallet can pay, and whether the chain would take the payment.
    expect(verified.sort()).toEqual(['eth_call', 'eth_call', 'eth_getCode']);
    const moved = await asked(() => chain.facilitator.move(world.paymentId(), payment, 10_000n, true));
    // It looks until the transaction is mined, which is once as a rule.
    expect(moved.at(-1)).toBe('eth_getTransactionReceipt');
    const once = moved.filter((method) => method !== 'eth_getTransactionReceipt');
    expect(new Set(once).size).toBe(once.length);
    // Fees may have been read for the payment before.
    expect(once.filter((method) => !/Fee|Block/.test(method))).toEqual([
      'eth_getCode',
      'eth_estimateGas',
      'eth_sendRawTransaction',
    ]);
  });
});
