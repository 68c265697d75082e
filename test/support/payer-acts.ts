import { eip3009ABI, x402ExactPermit2ProxyABI } from '@x402/evm';
import { createWalletClient, encodeFunctionData, http, parseAbi, parseSignature } from 'viem';
import { privateKeyToAccount } from 'viem/accounts';
import { CONTRACTS, type Hex, type LocalChain, type Wallet } from '../../scripts/local-chain/local-chain.js';
import type { SignedPayment } from '../../src/payments/x402/payment.js';

const TOKEN = parseAbi([
  'function transfer(address to, uint256 value) returns (bool)',
  'function cancelAuthorization(address authorizer, bytes32 nonce, uint8 v, bytes32 r, bytes32 s)',
]);
const PERMIT2 = parseAbi(['function invalidateUnorderedNonces(uint256 word, uint256 mask)']);
const MULTICALL = parseAbi([
  'function aggregate((address target, bytes callData)[] calls) returns (uint256, bytes[])',
]);
const DOMAIN = { name: 'USD Coin', version: '2', chainId: 43113, verifyingContract: CONTRACTS.usdc };
const TYPES = {
  TransferWithAuthorization: [
    { name: 'from', type: 'address' },
    { name: 'to', type: 'address' },
    { name: 'value', type: 'uint256' },
    { name: 'validAfter', type: 'uint256' },
    { name: 'validBefore', type: 'uint256' },
    { name: 'nonce', type: 'bytes32' },
  ],
  CancelAuthorization: [
    { name: 'authorizer', type: 'address' },
    { name: 'nonce', type: 'bytes32' },
  ],
} as const;

interface Authorized {
  readonly signature: Hex;
  readonly authorization: Readonly<
    Record<'from' | 'to' | 'value' | 'validAfter' | 'validBefore' | 'nonce', Hex>
  >;
}

export function authorizedBy(payment: SignedPayment): Authorized {
  return payment.payload['payload'] as unknown as Authorized;
}

/** The call that moves an EIP-3009 payment; everybody may make it. */
export function transferCall({ signature, authorization }: Authorized): Hex {
  const { v, r, s } = parseSignature(signature);
  const { from, to, value, validAfter, validBefore, nonce } = authorization;
  return encodeFunctionData({
    abi: eip3009ABI,
    functionName: 'transferWithAuthorization',
    args: [from, to, BigInt(value), BigInt(validAfter), BigInt(validBefore), nonce, Number(v), r, s],
  });
}

interface Permitted {
  readonly signature: Hex;
  readonly permit2Authorization: Readonly<Record<'from' | 'nonce' | 'deadline', Hex>> & {
    readonly permitted: Readonly<Record<'token' | 'amount', Hex>>;
    readonly witness: Readonly<Record<'to' | 'validAfter', Hex>>;
  };
}

/** What moves an `exact` payment: everybody may send it. */
export function broadcastable(payload: object): { readonly to: Hex; readonly data: Hex } {
  if ('authorization' in payload) return { to: CONTRACTS.usdc, data: transferCall(payload as Authorized) };
  const args = settleArguments(payload as Permitted);
  return {
    to: CONTRACTS.exactProxy,
    data: encodeFunctionData({ abi: x402ExactPermit2ProxyABI, functionName: 'settle', args }),
  };
}

/** The same for Permit2 in another way, with an approval that nobody has signed. */
export function broadcastableWithPermit(payload: object): { readonly to: Hex; readonly data: Hex } {
  const settled = settleArguments(payload as Permitted);
  const word = `0x${'00'.repeat(32)}` as const;
  const approval = { value: settled[0].permitted.amount, deadline: 0n, r: word, s: word, v: 27 };
  return {
    to: CONTRACTS.exactProxy,
    data: encodeFunctionData({
      abi: x402ExactPermit2ProxyABI,
      functionName: 'settleWithPermit',
      args: [approval, ...settled],
    }),
  };
}

function settleArguments({ signature, permit2Authorization }: Permitted) {
  const { from, nonce, deadline, permitted, witness } = permit2Authorization;
  return [
    {
      permitted: { token: permitted.token, amount: BigInt(permitted.amount) },
      nonce: BigInt(nonce),
      deadline: BigInt(deadline),
    },
    from,
    { to: witness.to, validAfter: BigInt(witness.validAfter) },
    signature,
  ] as const;
}

/** Another use of a payment's nonce: its payer pays itself. */
export async function spentElsewhere(payment: SignedPayment, payer: Wallet): Promise<Authorized> {
  const authorization = { ...authorizedBy(payment).authorization, to: payer.address, value: '0x1' as const };
  const signature = await privateKeyToAccount(payer.privateKey).signTypedData({
    domain: DOMAIN,
    types: TYPES,
    primaryType: 'TransferWithAuthorization',
    message: {
      ...authorization,
      value: 1n,
      validAfter: BigInt(authorization.validAfter),
      validBefore: BigInt(authorization.validBefore),
    },
  });
  return { signature, authorization };
}

export function inOneTransaction(calls: readonly Hex[]): Hex {
  return encodeFunctionData({
    abi: MULTICALL,
    functionName: 'aggregate',
    args: [calls.map((callData) => ({ target: CONTRACTS.usdc, callData }))],
  });
}

/** Uses the nonce up without a payment. */
export async function cancel(chain: LocalChain, payment: SignedPayment, payer: Wallet): Promise<Hex> {
  if (payment.method === 'permit2')
    return send(
      chain,
      payer,
      CONTRACTS.permit2,
      encodeFunctionData({
        abi: PERMIT2,
        functionName: 'invalidateUnorderedNonces',
        args: [payment.nonce >> 8n, 1n << (payment.nonce & 255n)],
      }),
    );
  const { nonce } = authorizedBy(payment).authorization;
  const signature = await privateKeyToAccount(payer.privateKey).signTypedData({
    domain: DOMAIN,
    types: TYPES,
    primaryType: 'CancelAuthorization',
    message: { authorizer: payer.address, nonce },
  });
  const { v, r, s } = parseSignature(signature);
  return send(
    chain,
    payer,
    CONTRACTS.usdc,
    encodeFunctionData({
      abi: TOKEN,
      functionName: 'cancelAuthorization',
      args: [payer.address, nonce, Number(v), r, s],
    }),
  );
}

/** Takes the wallet's money away, ahead of transactions that wait. */
export function giveAway(chain: LocalChain, payer: Wallet, amount: bigint): Promise<Hex> {
  return send(
    chain,
    payer,
    CONTRACTS.usdc,
    encodeFunctionData({ abi: TOKEN, functionName: 'transfer', args: [CONTRACTS.permit2, amount] }),
  );
}

export function send(chain: LocalChain, from: Wallet, to: Hex, data: Hex): Promise<Hex> {
  const wallet = createWalletClient({
    account: privateKeyToAccount(from.privateKey),
    chain: chain.client.chain,
    transport: http(chain.rpcUrl),
  });
  const fees = { maxPriorityFeePerGas: 10n ** 10n, maxFeePerGas: 10n ** 11n };
  return wallet.sendTransaction({ to, data, gas: 500_000n, ...fees });
}
