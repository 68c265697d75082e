import { x402ExactPermit2ProxyABI, x402UptoPermit2ProxyABI } from '@x402/evm';
import {
  decodeFunctionData,
  encodeAbiParameters,
  encodeEventTopics,
  isAddressEqual,
  numberToHex,
  pad,
  parseAbi,
  parseTransaction,
  type Address,
  type Hex,
} from 'viem';
import type { SignedPayment } from '../payment.js';

const EVENTS = parseAbi([
  'event Transfer(address indexed from, address indexed to, uint256 value)',
  'event AuthorizationUsed(address indexed authorizer, bytes32 indexed nonce)',
  'event AuthorizationCanceled(address indexed authorizer, bytes32 indexed nonce)',
]);

interface Log {
  readonly address: Address;
  readonly topics: readonly Hex[];
  readonly data: Hex;
}

export interface Transaction {
  readonly to: Address | null;
  readonly input: Hex;
}

/** Which logs to look for, as `eth_getLogs` takes it. */
export type Topics = (Hex | Hex[])[];

/** An EIP-3009 nonce is 32 bytes, whatever its value. */
export function nonceBytes({ nonce }: SignedPayment): Hex {
  return numberToHex(nonce, { size: 32 });
}

/** The log that a used nonce of the token has left: of its use or of its cancellation. */
export function nonceTopics(payment: SignedPayment): Topics {
  const [used] = encodeEventTopics({ abi: EVENTS, eventName: 'AuthorizationUsed' });
  const [cancelled] = encodeEventTopics({ abi: EVENTS, eventName: 'AuthorizationCanceled' });
  return [[used, cancelled], pad(payment.payer as Hex), nonceBytes(payment)];
}

export function transferTopics({ payer, payTo }: SignedPayment): Hex[] {
  const [transfer] = encodeEventTopics({ abi: EVENTS, eventName: 'Transfer' });
  return [transfer, pad(payer as Hex), pad(payTo as Hex)];
}

/** Of a transaction: it has moved the amount to us by this nonce, it has not, or it does not tell. */
export type Finding = 'moved' | 'other' | 'unclear';

/**
 * Reads the logs of a transaction that may have used the nonce of an EIP-3009 payment. The token tells of a nonce and,
 * next, of its transfer. Both are needed: a payer could put two payments, and one transfer to us, into one transaction.
 */
export function readAuthorized(payment: SignedPayment, amount: bigint, logs: readonly Log[]): Finding {
  const ofToken = logs.filter(({ address }) => isAddressEqual(address, payment.asset as Address));
  const [used] = encodeEventTopics({ abi: EVENTS, eventName: 'AuthorizationUsed' });
  const expected = [used, pad(payment.payer as Hex), nonceBytes(payment)];
  const at = ofToken.findIndex(({ topics }) => expected.every((topic, index) => topics[index] === topic));
  if (at < 0) return 'other';
  const next = ofToken[at + 1];
  const [transfer] = transferTopics(payment);
  if (!next || next.topics[0] !== transfer) return 'unclear';
  return isTransfer(payment, amount, next) ? 'moved' : 'other';
}

/**
 * The same for Permit2, which leaves no log of a nonce: the transaction itself has to call the scheme's proxy, with
 * this nonce. A contract that calls the proxy could be given nonces as somebody likes.
 */
export function readPermitted(
  payment: SignedPayment,
  amount: bigint,
  proxy: Address,
  { to, input }: Transaction,
  logs: readonly Log[],
): Finding {
  if (to === null || isAddressEqual(to, payment.asset as Address)) return 'other';
  const permit = isAddressEqual(to, proxy) ? permitOf(payment, input) : undefined;
  if (!permit) return 'unclear';
  const isOurs =
    permit.nonce === payment.nonce &&
    isAddressEqual(permit.owner, payment.payer as Address) &&
    logs.some(
      (log) => isAddressEqual(log.address, payment.asset as Address) && isTransfer(payment, amount, log),
    );
  return isOurs ? 'moved' : 'other';
}

/** What a node tells of a transaction is in its signed bytes, too. */
export function signedTransaction(raw: Hex): Transaction {
  const { to, data } = parseTransaction(raw);
  return { to: to ?? null, input: data ?? '0x' };
}

export function isTransfer(payment: SignedPayment, amount: bigint, { topics, data }: Log): boolean {
  return (
    transferTopics(payment).every((topic, index) => topics[index] === topic) &&
    data === encodeAbiParameters([{ type: 'uint256' }], [amount])
  );
}

function permitOf(
  { scheme }: SignedPayment,
  data: Hex,
): { readonly nonce: bigint; readonly owner: Address } | undefined {
  try {
    if (scheme === 'exact') {
      const call = decodeFunctionData({ abi: x402ExactPermit2ProxyABI, data });
      if (call.functionName === 'settle') return { nonce: call.args[0].nonce, owner: call.args[1] };
      // The same, for wallets whose allowance is to be made first.
      if (call.functionName === 'settleWithPermit') return { nonce: call.args[1].nonce, owner: call.args[2] };
      return undefined;
    }
    const call = decodeFunctionData({ abi: x402UptoPermit2ProxyABI, data });
    if (call.functionName !== 'settle') return undefined;
    return { nonce: call.args[0].nonce, owner: call.args[2] };
  } catch {
    // Some other call.
    return undefined;
  }
}
