import { afterAll, afterEach, beforeAll, expect, it } from '@jest/globals';
import type { GatewayError } from '../../../../src/base/errors/gateway-error.js';
import type { PaymentChain } from '../../../../src/payments/x402/facilitator.js';
import type { SignedPayment } from '../../../../src/payments/x402/payment.js';
import { describeOnLocalChain } from '../../../support/on-local-chain.js';
import { PaymentWorld, type Kind } from '../../../support/payment-world.js';
import {
  startScriptedFacilitator,
  type Manner,
  type ScriptedFacilitator,
} from '../../../support/scripted-facilitator.js';
import { until } from '../../../support/until.js';

const AMOUNT = 10_000n;

describeOnLocalChain('a remote facilitator', () => {
  let world: PaymentWorld;
  let service: ScriptedFacilitator;
  let chain: PaymentChain;
  let hasty: PaymentChain;

  beforeAll(async () => {
    world = await PaymentWorld.start();
    service = await startScriptedFacilitator(world.chain, world.signer);
    const remote = { facilitatorUrl: service.url, signerKey: undefined };
    chain = await world.open({ ...remote, settleMs: 20_000 });
    hasty = await world.open({ ...remote, settleMs: 2_500 });
  });
  afterAll(async () => {
    await service.stop();
    await world.stop();
  });
  afterEach(() => {
    service.manner = 'plain';
    service.verdict = undefined;
    world.node.rule(() => 'passed');
  });

  const sign = async (kind: Kind = 'eip3009') => {
    const payer = await world.richWallet(AMOUNT);
    const payment = await world.sign(kind, chain.facilitatorAddress, { from: payer, amount: AMOUNT });
    return { payer, payment };
  };
  const move = (payment: SignedPayment, by = chain) =>
    by.facilitator.move(world.paymentId(), payment, AMOUNT);

  it('is described by what it says of itself', () => {
    expect(chain).toMatchObject({
      facilitatorAddress: world.signer.address,
      hasUpto: true,
      hasPermit2Exact: true,
    });
  });

  it.each<[Manner, Kind]>([
    ['plain', 'eip3009'],
    ['plain', 'permit2'],
    ['plain', 'upto'],
    ['silent', 'eip3009'],
    ['silent', 'permit2'],
    ['silent', 'upto'],
    ['badGateway', 'eip3009'],
    ['pending', 'eip3009'],
    ['pending', 'upto'],
  ])('is believed where the chain shows its transfer: %s, %s', async (manner, kind) => {
    service.manner = manner;
    const { payer, payment } = await sign(kind);
    expect(await chain.facilitator.verify(payment)).toEqual({ isValid: true, available: AMOUNT });

    const moved = await move(payment);

    const [transfer] = await world.transfers(payer);
    expect(moved).toEqual({ outcome: 'moved', transactionHash: transfer?.hash });
    service.manner = 'plain';
    expect(await move(payment)).toEqual(moved);
    expect(await chain.facilitator.find('', payment, AMOUNT)).toEqual(moved);
    expect(await world.received(payer)).toEqual([AMOUNT]);
  });

  it.each<[Manner, Kind]>([
    ['lying', 'eip3009'],
    ['citing', 'eip3009'],
    ['citing', 'permit2'],
    ['citing', 'upto'],
    ['garbage', 'eip3009'],
  ])('is not believed where the chain shows nothing: %s, %s', async (manner, kind) => {
    const earlier = await sign(kind);
    const moved = await move(earlier.payment);
    if (manner === 'citing' && moved.outcome === 'moved') service.cited = moved.transactionHash;
    service.manner = manner;
    const { payer, payment } = await sign(kind);

    expect(await move(payment, hasty)).toMatchObject({ outcome: 'unknown' });

    expect(await chain.facilitator.find('', payment, AMOUNT)).toEqual({ outcome: 'unused' });
    service.manner = 'plain';
    expect(await move(payment)).toMatchObject({ outcome: 'moved' });
    expect(await world.received(payer)).toEqual([AMOUNT]);
  });

  it('fails a payment that it refuses before it sends anything', async () => {
    service.manner = 'refusing';
    const { payment } = await sign();

    expect(await move(payment)).toEqual({
      outcome: 'failed',
      reason: 'invalid_exact_evm_insufficient_balance',
    });
    service.manner = 'plain';
    expect(await move(payment)).toMatchObject({ outcome: 'moved' });
    service.manner = 'refusing';
    expect(await move(payment)).toMatchObject({ outcome: 'moved' });
  });

  it('settles while our node is away as well', async () => {
    const { payer, payment } = await sign();
    service.manner = 'silent';
    world.node.rule(() => 'refused');

    expect(await move(payment, hasty)).toEqual({ outcome: 'unknown', transactionHash: undefined });
    await expect(chain.facilitator.find('', payment, AMOUNT)).rejects.toMatchObject({
      code: 'service_unavailable',
    });

    await until(async () => (await world.received(payer)).length === 1);
    world.node.rule(() => 'passed');
    expect(await chain.facilitator.find('', payment, AMOUNT)).toMatchObject({ outcome: 'moved' });
    expect(await world.received(payer)).toEqual([AMOUNT]);
  });

  it('says in a code why it refuses, and serves nothing unverified', async () => {
    const { payment } = await sign();
    const verdict = async (status: number, body: string): Promise<unknown> => {
      service.verdict = { status, body };
      return chain.facilitator.verify(payment).catch((thrown: unknown) => (thrown as GatewayError).code);
    };

    expect(await verdict(200, '{"isValid":false,"invalidReason":"insufficient_funds: of 0xab…"}')).toEqual({
      isValid: false,
      reason: 'insufficient_funds',
    });
    expect(await verdict(400, '{"isValid":false,"invalidReason":"invalid_network"}')).toEqual({
      isValid: false,
      reason: 'invalid_network',
    });
    expect(await verdict(200, '{"isValid":false,"invalidReason":"<b>No</b>"}')).toEqual({
      isValid: false,
      reason: 'unexpected_verify_error',
    });
    for (const [status, body] of [
      [500, '{"isValid":true}'],
      [400, '{"isValid":true}'],
      [502, 'bad gateway'],
      [200, 'yes'],
      [200, '{}'],
    ] as const)
      expect(await verdict(status, body)).toBe('service_unavailable');
  });
});
