import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { type PaymentPayload, type PaymentRequirements } from '@x402/core/types';
import { toFacilitatorEvmSigner } from '@x402/evm';
import { ExactEvmScheme as ExactClient } from '@x402/evm/exact/client';
import { ExactEvmScheme as ExactFacilitator } from '@x402/evm/exact/facilitator';
import { UptoEvmScheme as UptoClient } from '@x402/evm/upto/client';
import { UptoEvmScheme as UptoFacilitator } from '@x402/evm/upto/facilitator';
import { createWalletClient, http, parseAbi, publicActions, toFunctionSelector } from 'viem';
import { privateKeyToAccount } from 'viem/accounts';
import {
  CONTRACTS,
  type Hex,
  type LocalChain,
  startLocalChain,
  type Wallet,
} from '../../../scripts/local-chain/local-chain.js';
import { describeOnLocalChain } from '../../support/on-local-chain.js';

const NETWORK = 'eip155:43113';
const FUNDS = 1_000_000n;
/** How Permit2 refuses a used nonce. */
const INVALID_NONCE = toFunctionSelector('InvalidNonce()');

describeOnLocalChain('the local chain', () => {
  let chain: LocalChain;
  let payer: Wallet;
  let payTo: Hex;
  let facilitator: Wallet;
  let exact: ExactFacilitator;
  let upto: UptoFacilitator;

  beforeAll(async () => {
    chain = await startLocalChain();
    payer = await chain.wallet();
    payTo = (await chain.wallet()).address;
    facilitator = await chain.wallet();
    await chain.mint(payer.address, FUNDS);
    const account = privateKeyToAccount(facilitator.privateKey);
    const client = createWalletClient({
      account,
      chain: chain.client.chain,
      transport: http(chain.rpcUrl),
      pollingInterval: 20,
    }).extend(publicActions);
    const signer = toFacilitatorEvmSigner({
      ...client,
      address: account.address,
      waitForTransactionReceipt: ({ hash }: { hash: Hex }) => chain.mined(hash),
    } as never);
    exact = new ExactFacilitator(signer);
    upto = new UptoFacilitator(signer);
  });

  afterAll(() => chain.stop());

  const requirements = (
    scheme: 'exact' | 'upto',
    amount: string,
    extra: Record<string, string>,
  ): PaymentRequirements => ({
    scheme,
    network: NETWORK,
    amount,
    asset: CONTRACTS.usdc,
    payTo,
    maxTimeoutSeconds: 300,
    extra: { name: 'USD Coin', version: '2', ...extra },
  });

  const sign = async (accepted: PaymentRequirements): Promise<PaymentPayload> => {
    const account = privateKeyToAccount(payer.privateKey);
    const client = accepted.scheme === 'exact' ? new ExactClient(account) : new UptoClient(account);
    return { ...(await client.createPaymentPayload(2, accepted)), accepted };
  };

  const nonceOf = (payment: PaymentPayload): string => {
    const { authorization, permit2Authorization } = payment.payload as Record<string, { nonce: string }>;
    return (authorization ?? permit2Authorization)!.nonce;
  };

  const isUsedInToken = (nonce: string): Promise<boolean> =>
    chain.client.readContract({
      address: CONTRACTS.usdc,
      abi: parseAbi(['function authorizationState(address, bytes32) view returns (bool)']),
      functionName: 'authorizationState',
      args: [payer.address, nonce as Hex],
    });

  const isUsedInPermit2 = async (nonce: string): Promise<boolean> => {
    const bits = await chain.client.readContract({
      address: CONTRACTS.permit2,
      abi: parseAbi(['function nonceBitmap(address, uint256) view returns (uint256)']),
      functionName: 'nonceBitmap',
      args: [payer.address, BigInt(nonce) >> 8n],
    });
    return ((bits >> (BigInt(nonce) & 255n)) & 1n) === 1n;
  };

  /** What the recipient and the chain say of a settlement. */
  const expectMoved = async (hash: string, value: bigint, before: bigint): Promise<void> => {
    expect(await chain.balanceOf(payTo)).toBe(before + value);
    expect(await chain.transfersTo(payTo)).toContainEqual({ hash, from: payer.address, value });
    expect(await chain.receipt(hash as Hex)).toMatchObject({ status: 'success' });
  };

  it('moves an exact payment by EIP-3009, once', async () => {
    const accepted = requirements('exact', '10000', {});
    const payment = await sign(accepted);
    const before = await chain.balanceOf(payTo);
    expect(await isUsedInToken(nonceOf(payment))).toBe(false);
    expect(await exact.verify(payment, accepted)).toMatchObject({ isValid: true, payer: payer.address });

    const settled = await exact.settle(payment, accepted);

    expect(settled).toMatchObject({ success: true, payer: payer.address });
    await expectMoved(settled.transaction, 10_000n, before);
    expect(await isUsedInToken(nonceOf(payment))).toBe(true);
    expect(await exact.verify(payment, accepted)).toMatchObject({
      invalidReason: 'invalid_exact_evm_nonce_already_used',
    });
    expect(await exact.settle(payment, accepted)).toMatchObject({
      success: false,
      errorReason: 'invalid_exact_evm_nonce_already_used',
    });
    expect(await chain.balanceOf(payTo)).toBe(before + 10_000n);
  });

  it('asks for the allowance that Permit2 needs', async () => {
    const accepted = requirements('exact', '20000', { assetTransferMethod: 'permit2' });

    expect(await exact.verify(await sign(accepted), accepted)).toMatchObject({
      isValid: false,
      invalidReason: 'permit2_allowance_required',
    });
  });

  it('moves an exact payment by Permit2, once', async () => {
    await chain.approvePermit2(payer.privateKey);
    const accepted = requirements('exact', '20000', { assetTransferMethod: 'permit2' });
    const payment = await sign(accepted);
    const before = await chain.balanceOf(payTo);
    expect(await isUsedInPermit2(nonceOf(payment))).toBe(false);
    expect(await exact.verify(payment, accepted)).toMatchObject({ isValid: true, payer: payer.address });

    const settled = await exact.settle(payment, accepted);

    expect(settled).toMatchObject({ success: true, payer: payer.address });
    await expectMoved(settled.transaction, 20_000n, before);
    expect(await isUsedInPermit2(nonceOf(payment))).toBe(true);
    expect(await exact.verify(payment, accepted)).toMatchObject({
      invalidReason: 'permit2_simulation_failed',
    });
    expect(await exact.settle(payment, accepted)).toMatchObject({
      success: false,
      errorReason: expect.stringContaining(INVALID_NONCE),
    });
    expect(await chain.balanceOf(payTo)).toBe(before + 20_000n);
  });

  it('moves less than the maximum of an upto payment, once', async () => {
    await chain.approvePermit2(payer.privateKey);
    const accepted = requirements('upto', '50000', { facilitatorAddress: facilitator.address });
    const payment = await sign(accepted);
    const before = await chain.balanceOf(payTo);
    expect(await upto.verify(payment, accepted)).toMatchObject({ isValid: true, payer: payer.address });

    const settled = await upto.settle(payment, { ...accepted, amount: '2350' });

    expect(settled).toMatchObject({ success: true, amount: '2350', payer: payer.address });
    await expectMoved(settled.transaction, 2_350n, before);
    expect(await isUsedInPermit2(nonceOf(payment))).toBe(true);
    expect(await upto.settle(payment, { ...accepted, amount: '2350' })).toMatchObject({ success: false });
    expect(await chain.balanceOf(payTo)).toBe(before + 2_350n);
  });

  it('lets authorisations expire when its clock is moved', async () => {
    const { timestamp } = await chain.client.getBlock();
    await chain.advanceTime(600);
    expect((await chain.client.getBlock()).timestamp).toBeGreaterThanOrEqual(timestamp + 600n);
    const accepted = requirements('exact', '10000', {});

    expect(await exact.settle(await sign(accepted), accepted)).toMatchObject({
      success: false,
      errorReason: 'invalid_exact_evm_payload_authorization_valid_before',
    });
  });
});
