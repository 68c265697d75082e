import { afterAll, afterEach, beforeAll, expect, it } from '@jest/globals';
import { eip3009ABI } from '@x402/evm';
import { encodeFunctionData, parseAbi, parseSignature, parseTransaction } from 'viem';
import { privateKeyToAccount } from 'viem/accounts';
import { CONTRACTS, type Hex, type Wallet } from '../../../../scripts/local-chain/local-chain.js';
import type { PaymentChain } from '../../../../src/payments/x402/facilitator.js';
import type { SignedPayment } from '../../../../src/payments/x402/payment.js';
import { describeOnLocalChain } from '../../../support/on-local-chain.js';
import { PaymentWorld, type Kind } from '../../../support/payment-world.js';
import type { Fate } from '../../../support/node-proxy.js';

const AMOUNT = 10_000n;
const TOKEN = parseAbi([
  'function transfer(address to, uint256 value) returns (bool)',
  'function cancelAuthorization(address authorizer, bytes32 nonce, uint8 v, bytes32 r, bytes32 s)',
]);
const MULTICALL = parseAbi([
  'function aggregate((address target, bytes callData)[] calls) returns (uint256, bytes[])',
]);

describeOnLocalChain('the embedded facilitator in adversity', () => {
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

  const richWallet = async (amount = AMOUNT): Promise<Wallet> => {
    const wallet = await world.chain.wallet();
    await world.chain.mint(wallet.address, amount);
    await world.chain.approvePermit2(wallet.privateKey);
    return wallet;
  };

  const receivedFrom = async (from: Wallet): Promise<readonly bigint[]> =>
    (await world.chain.transfersTo(world.payTo))
      .filter((transfer) => transfer.from === from.address)
      .map(({ value }) => value);

  /** The call that everybody may send. */
  const transferCall = (payment: SignedPayment): Hex => {
    const { authorization, signature } = (payment.payload as any).payload;
    const { v, r, s } = parseSignature(signature as Hex);
    const { from, to, value, validAfter, validBefore, nonce } = authorization;
    return encodeFunctionData({
      abi: eip3009ABI,
      functionName: 'transferWithAuthorization',
      args: [from, to, BigInt(value), BigInt(validAfter), BigInt(validBefore), nonce, Number(v), r, s],
    });
  };

  const send = async (from: Wallet, to: Hex, data: Hex, tip = 0n): Promise<Hex> =>
    world.chain.client.sendTransaction({
      account: privateKeyToAccount(from.privateKey),
      to,
      data,
      gas: 500_000n,
      maxPriorityFeePerGas: 10n ** 9n + tip,
      maxFeePerGas: 10n ** 11n + tip,
    });

  const cancelCall = async (payment: SignedPayment, wallet: Wallet): Promise<Hex> => {
    const { nonce } = (payment.payload as any).payload.authorization;
    const signature = await privateKeyToAccount(wallet.privateKey).signTypedData({
      domain: { name: 'USD Coin', version: '2', chainId: 43113, verifyingContract: CONTRACTS.usdc },
      types: {
        CancelAuthorization: [
          { name: 'authorizer', type: 'address' },
          { name: 'nonce', type: 'bytes32' },
        ],
      },
      primaryType: 'CancelAuthorization',
      message: { authorizer: wallet.address, nonce },
    });
    const { v, r, s } = parseSignature(signature);
    return encodeFunctionData({
      abi: TOKEN,
      functionName: 'cancelAuthorization',
      args: [wallet.address, nonce, Number(v), r, s],
    });
  };

  it.each(['move', 'find'] as const)('takes a transfer that somebody else has sent: %s', async (ask) => {
    const payer = await richWallet();
    const payment = await sign('eip3009', payer);
    const hash = await send(await world.chain.wallet(), CONTRACTS.usdc, transferCall(payment));

    expect(await chain.facilitator[ask](world.paymentId(), payment, AMOUNT)).toEqual({
      outcome: 'moved',
      transactionHash: hash,
    });
    expect(await receivedFrom(payer)).toEqual([AMOUNT]);
  });

  it('takes no transfer whose nonce has paid for something else in the same transaction', async () => {
    const payer = await richWallet(2n * AMOUNT);
    const [paid, claimed] = [await sign('eip3009', payer), await sign('eip3009', payer)];
    const elsewhere = await world.sign('eip3009', '', { from: payer, amount: 1n, payTo: payer.address });
    // The nonce of the second payment, signed for a transfer to the payer itself.
    const { authorization } = (elsewhere.payload as any).payload;
    authorization.nonce = (claimed.payload as any).payload.authorization.nonce;
    const { domain, types } = authorizationOf();
    (elsewhere.payload as any).payload.signature = await privateKeyToAccount(payer.privateKey).signTypedData({
      domain,
      types,
      primaryType: 'TransferWithAuthorization',
      message: {
        ...authorization,
        value: 1n,
        validAfter: 0n,
        validBefore: BigInt(authorization.validBefore),
      },
    });
    const calls = [paid, elsewhere].map((payment) => ({
      target: CONTRACTS.usdc,
      callData: transferCall(payment),
    }));
    const hash = await send(
      payer,
      CONTRACTS.multicall3,
      encodeFunctionData({ abi: MULTICALL, functionName: 'aggregate', args: [calls] }),
    );

    expect(await chain.facilitator.move(world.paymentId(), paid, AMOUNT)).toEqual({
      outcome: 'moved',
      transactionHash: hash,
    });
    expect(await chain.facilitator.move(world.paymentId(), claimed, AMOUNT)).toEqual({
      outcome: 'failed',
      reason: 'invalid_exact_evm_nonce_already_used',
    });
  });

  const authorizationOf = () => ({
    domain: { name: 'USD Coin', version: '2', chainId: 43113, verifyingContract: CONTRACTS.usdc },
    types: {
      TransferWithAuthorization: [
        { name: 'from', type: 'address' },
        { name: 'to', type: 'address' },
        { name: 'value', type: 'uint256' },
        { name: 'validAfter', type: 'uint256' },
        { name: 'validBefore', type: 'uint256' },
        { name: 'nonce', type: 'bytes32' },
      ],
    },
  });

  it('fails a payment that was cancelled', async () => {
    const payer = await richWallet();
    const payment = await sign('eip3009', payer);
    await send(payer, CONTRACTS.usdc, await cancelCall(payment, payer));

    for (const ask of ['move', 'find'] as const)
      expect(await chain.facilitator[ask](world.paymentId(), payment, AMOUNT)).toEqual({
        outcome: 'failed',
        reason: 'invalid_exact_evm_nonce_already_used',
      });
  });

  it('fails a payment whose transaction is reverted', async () => {
    const payer = await richWallet();
    const payment = await sign('eip3009', payer);
    const id = world.paymentId();
    await world.chain.setAutomine(false);
    const pending = await hasty.facilitator.move(id, payment, AMOUNT);
    expect(pending).toEqual({ outcome: 'unknown', transactionHash: expect.any(String) });
    const away = encodeFunctionData({ abi: TOKEN, functionName: 'transfer', args: [CONTRACTS.permit2, 1n] });
    await send(payer, CONTRACTS.usdc, away, 10n ** 10n);
    await world.chain.mine();

    for (const ask of ['move', 'find'] as const)
      expect(await chain.facilitator[ask](id, payment, AMOUNT)).toEqual({
        outcome: 'failed',
        reason: 'invalid_exact_evm_transaction_failed',
      });
  });

  it.each<Kind>(['eip3009', 'upto'])('finds what was mined after its wait (%s)', async (kind) => {
    const payment = await sign(kind);
    const id = world.paymentId();
    await world.chain.setAutomine(false);

    const pending = await hasty.facilitator.move(id, payment, AMOUNT);

    const [sent, ...others] = await world.journal.of(id);
    expect(others).toEqual([]);
    expect(pending).toEqual({ outcome: 'unknown', transactionHash: sent?.hash });
    expect(await hasty.facilitator.find(id, payment, AMOUNT)).toEqual(pending);
    expect(await hasty.facilitator.move(id, payment, AMOUNT)).toEqual(pending);
    await world.chain.mine();
    const moved = { outcome: 'moved', transactionHash: sent?.hash };
    expect(await hasty.facilitator.find(id, payment, AMOUNT)).toEqual(moved);
    expect(await hasty.facilitator.move(id, payment, AMOUNT)).toEqual(moved);
    expect(await world.journal.of(id)).toHaveLength(1);
  });

  it('replaces a transaction that offers too little by one with the same account nonce', async () => {
    const payment = await sign();
    const id = world.paymentId();
    await world.chain.setAutomine(false);
    await hasty.facilitator.move(id, payment, AMOUNT);
    await world.chain.client.setNextBlockBaseFeePerGas({ baseFeePerGas: 10n ** 11n });
    await world.chain.mine();

    expect(await hasty.facilitator.move(id, payment, AMOUNT)).toMatchObject({ outcome: 'unknown' });

    const [first, second, ...others] = await world.journal.of(id);
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
    const [sent] = await world.journal.of(id);
    await world.chain.client.dropTransaction({ hash: sent!.hash as Hex });

    await process.tend();
    await process.tend();
    await world.chain.mine();

    expect(await world.chain.receipt(sent!.hash as Hex)).toMatchObject({ status: 'success' });
  });

  it('moves many payments at once, and one payment once for two processes', async () => {
    const payer = await richWallet(20n * AMOUNT);
    const payments = await Promise.all(Array.from({ length: 20 }, () => sign('eip3009', payer)));
    const other = await world.open();
    const ids = payments.map(() => world.paymentId());

    const moved = await Promise.all(
      payments.flatMap((payment, index) => [
        chain.facilitator.move(ids[index]!, payment, AMOUNT),
        ...(index < 3 ? [other.facilitator.move(ids[index]!, payment, AMOUNT)] : []),
      ]),
    );

    expect(new Set(moved.map(({ outcome }) => outcome))).toEqual(new Set(['moved']));
    expect(await receivedFrom(payer)).toEqual(payments.map(() => AMOUNT));
    const nonces = world.journal.rows.map(({ nonce }) => nonce);
    const sent = new Map(world.journal.rows.map(({ nonce, purpose }) => [nonce, purpose.paymentId]));
    expect(Math.max(...nonces) - Math.min(...nonces) + 1).toBe(sent.size);
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
    const payer = await richWallet();
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
    expect(await receivedFrom(payer)).toEqual([AMOUNT]);
    expect(await world.journal.of(id)).toHaveLength(1);
  });

  it('moves what was used of a payment whose wallet could not pay the most any more', async () => {
    const payer = await richWallet();
    const payment = await sign('upto', payer);
    const away = encodeFunctionData({
      abi: TOKEN,
      functionName: 'transfer',
      args: [CONTRACTS.permit2, 9_000n],
    });
    await send(payer, CONTRACTS.usdc, away);

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
    (forged.payload as any).payload.authorization.value = '9999';

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
    expect(await verify(await sign('upto', poor))).toEqual({
      isValid: false,
      reason: 'permit2_allowance_required',
    });
    await world.chain.approvePermit2(poor.privateKey, 4_000n);
    expect(
      await verify(await world.sign('upto', chain.facilitatorAddress, { from: poor, amount: 10n })),
    ).toEqual({
      isValid: true,
      available: 4_000n,
    });
    const over = await sign('upto');
    expect(await chain.facilitator.move(world.paymentId(), over, AMOUNT + 1n)).toEqual({
      outcome: 'failed',
      reason: 'invalid_upto_evm_payload_settlement_exceeds_amount',
    });
  });

  it.each<[Kind, string]>([
    ['eip3009', 'invalid_exact_evm_payload_authorization_valid_before'],
    ['upto', 'permit2_deadline_expired'],
  ])('fails a payment that has expired on chain, and no sooner (%s)', async (kind, reason) => {
    const slow = await sign(kind);
    const soon = await world.sign(kind, chain.facilitatorAddress, { seconds: 3, amount: AMOUNT });
    const id = world.paymentId();
    expect(await chain.facilitator.verify(soon)).toEqual({ isValid: false, reason });
    expect((await hasty.facilitator.move(id, soon, AMOUNT)).outcome).toBe('unknown');
    await world.chain.setAutomine(false);
    const waiting = world.paymentId();
    expect(await hasty.facilitator.move(waiting, slow, AMOUNT)).toMatchObject({ outcome: 'unknown' });
    const [sent] = await world.journal.of(waiting);
    await world.chain.client.dropTransaction({ hash: sent!.hash as Hex });
    await world.chain.advanceTime(1_000);

    expect(await chain.facilitator.find(id, soon, AMOUNT)).toEqual({ outcome: 'failed', reason });
    // Its account nonce is still to be used up, by the transaction that cannot move anything any more.
    expect(await hasty.facilitator.move(waiting, slow, AMOUNT)).toMatchObject({ outcome: 'unknown' });
    await world.chain.mine();
    expect(await hasty.facilitator.move(waiting, slow, AMOUNT)).toMatchObject({ outcome: 'failed' });
    expect(await world.chain.transactionCount(world.signer.address)).toBe(sent!.nonce + 1);
  });
});
