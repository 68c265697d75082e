import { afterAll, beforeAll, expect, it } from '@jest/globals';
import type { PaymentChain } from '../../../../src/payments/x402/facilitator.js';
import { describeOnLocalChain } from '../../../support/on-local-chain.js';
import { PaymentWorld, type Kind } from '../../../support/payment-world.js';

const AMOUNT = 10_000n;

describeOnLocalChain('payments whose signer was replaced before their transactions were mined', () => {
  let world: PaymentWorld;
  let former: PaymentChain;
  let present: PaymentChain;

  beforeAll(async () => {
    world = await PaymentWorld.start();
    former = await world.open({ settleMs: 300 });
    present = await world.open({ signerKey: (await world.chain.wallet()).privateKey });
  });
  afterAll(() => world.stop());

  /** Journaled by the former signer, and never taken by the node. */
  async function lost(kind: Kind): Promise<() => Parameters<PaymentChain['facilitator']['find']>> {
    const payer = await world.richWallet(AMOUNT);
    const payment = await world.sign(kind, former.facilitatorAddress, { from: payer, amount: AMOUNT });
    const id = world.paymentId();
    world.node.rule((method) => (method === 'eth_sendRawTransaction' ? 'refused' : 'passed'));
    expect(await former.facilitator.move(id, payment, AMOUNT)).toMatchObject({ outcome: 'unknown' });
    world.node.rule(() => 'passed');
    expect(await world.sent(id)).toHaveLength(1);
    return () => [id, payment, AMOUNT];
  }

  it.each(['eip3009', 'permit2'] as const)('move by the next one: %s', async (kind) => {
    const asked = await lost(kind);
    expect(await present.facilitator.find(...asked())).toEqual({ outcome: 'unused' });
    expect(await present.facilitator.move(...asked())).toMatchObject({ outcome: 'moved' });
    expect(await former.facilitator.find(...asked())).toMatchObject({ outcome: 'moved' });
  });

  it('fail when they have expired, and are waited for until then where only the former one may move them', async () => {
    const asked = await Promise.all((['eip3009', 'upto'] as const).map(lost));
    const found = () => Promise.all(asked.map((one) => present.facilitator.find(...one())));
    expect(await found()).toMatchObject([{ outcome: 'unused' }, { outcome: 'unknown' }]);
    await world.chain.advanceTime(1_000);
    expect(await found()).toMatchObject([{ outcome: 'failed' }, { outcome: 'failed' }]);
  });
});
