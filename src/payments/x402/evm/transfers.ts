import { eip3009ABI, x402ExactPermit2ProxyAddress, x402UptoPermit2ProxyAddress } from '@x402/evm';
import {
  numberToHex,
  parseAbi,
  TransactionReceiptNotFoundError,
  type Address,
  type Hex,
  type TransactionReceipt,
} from 'viem';
import type { SignedPayment } from '../payment.js';
import { MULTICALL3 } from './check-chain.js';
import {
  isTransfer,
  nonceBytes,
  nonceTopics,
  readAuthorized,
  readPermitted,
  transferTopics,
  signedTransaction,
  type Finding,
  type Topics,
} from './evidence.js';
import { usedOtherwise } from './reasons.js';
import type { Rpc } from './rpc.js';

const PERMIT2 = parseAbi(['function nonceBitmap(address owner, uint256 word) view returns (uint256)']);
const TOKEN = parseAbi([
  'function balanceOf(address owner) view returns (uint256)',
  'function allowance(address owner, address spender) view returns (uint256)',
]);
/** Blocks that one question for logs spans; public nodes take 2,048 and more. */
export const SPAN = 2_000n;
/** Spans that are searched, from the newest block back: four days of blocks of two seconds. */
const MOST_SPANS = 100;
/** How far the clocks of wallets and chains may lie apart, and how much longer than asked a payment may be good. */
const SLACK_MS = 86_400_000;

/** What the chain has of a payment, up to the newest block that counts. */
export type Trace =
  | { readonly outcome: 'moved'; readonly transactionHash: string }
  | { readonly outcome: 'failed'; readonly reason: string }
  /** Its nonce is used or will be, and whether for us cannot be told yet. */
  | { readonly outcome: 'pending' }
  | Unused;

export interface Unused {
  readonly outcome: 'unused';
  /** The chain takes it no more. */
  readonly isExpired: boolean;
  /** One of the transactions that were asked for has been reverted. */
  readonly hasReverted: boolean;
  readonly blockNumber: bigint;
}

/** A transaction, with its bytes where they are known. */
interface Sent {
  readonly hash: string;
  readonly raw?: string;
}

/** Reads what became of payments. @throws whatever viem throws where the chain cannot be reached */
export class Transfers {
  constructor(
    private readonly rpc: Rpc,
    private readonly confirmations: number,
  ) {}

  /** What the wallet can pay now, atomic units. */
  async availableOf({ payer, asset, contract, method }: SignedPayment): Promise<bigint> {
    const token = { address: asset as Address, abi: TOKEN } as const;
    const owner = payer as Address;
    const balanceOf = { ...token, functionName: 'balanceOf', args: [owner] } as const;
    if (method === 'eip3009') return this.rpc.readContract(balanceOf);
    const [balance, allowance] = await this.rpc.multicall({
      allowFailure: false,
      multicallAddress: MULTICALL3,
      contracts: [
        balanceOf,
        { ...token, functionName: 'allowance', args: [owner, contract as Address] } as const,
      ],
    });
    return allowance < balance ? allowance : balance;
  }

  /**
   * @param sent transactions that may have moved it
   * @param mined the receipts that they have
   */
  async trace(
    payment: SignedPayment,
    amount: bigint,
    sent: readonly Sent[],
    mined?: readonly TransactionReceipt[],
  ): Promise<Trace> {
    mined ??= await this.mined(sent);
    // A block that is there is one confirmation.
    const counts = this.confirmations === 1 ? undefined : await this.head();
    for (const receipt of mined) {
      if (counts && receipt.blockNumber > counts.number) continue;
      if ((await this.read(payment, amount, receipt, sent)) === 'moved')
        return { outcome: 'moved', transactionHash: receipt.transactionHash };
    }
    const head = counts ?? (await this.head());
    const fresh = mined.find(({ blockNumber }) => blockNumber > head.number);
    if (fresh) return { outcome: 'pending' };
    if (await this.isUsed(payment, head.number)) return this.search(payment, amount, head.number);
    if (await this.isUsed(payment, 'latest')) return { outcome: 'pending' };
    return {
      outcome: 'unused',
      isExpired: Number(head.timestamp) * 1000 > payment.validUntilMs,
      hasReverted: mined.some(({ status }) => status === 'reverted'),
      blockNumber: head.number,
    };
  }

  /** The receipts of those that are in a block. */
  async mined(sent: readonly Sent[]): Promise<readonly TransactionReceipt[]> {
    const receipts = await Promise.all(sent.map(({ hash }) => this.receipt(hash)));
    return receipts.filter((receipt) => receipt !== undefined);
  }

  async receipt(hash: string): Promise<TransactionReceipt | undefined> {
    return this.rpc.getTransactionReceipt({ hash: hash as Hex }).catch((thrown: unknown) => {
      if (thrown instanceof TransactionReceiptNotFoundError) return undefined;
      throw thrown;
    });
  }

  /** The newest block that counts. */
  async head(): Promise<{ readonly number: bigint; readonly timestamp: bigint }> {
    const latest = await this.rpc.getBlock({ blockTag: 'latest' });
    const on = BigInt(this.confirmations - 1);
    if (on === 0n) return latest;
    return this.rpc.getBlock({ blockNumber: latest.number > on ? latest.number - on : 0n });
  }

  private async isUsed(payment: SignedPayment, at: bigint | 'latest'): Promise<boolean> {
    const address = payment.contract as Address;
    const payer = payment.payer as Address;
    const block = at === 'latest' ? { blockTag: at } : { blockNumber: at };
    if (payment.method === 'eip3009')
      return this.rpc.readContract({
        address,
        abi: eip3009ABI,
        functionName: 'authorizationState',
        args: [payer, nonceBytes(payment)],
        ...block,
      });
    const bits = await this.rpc.readContract({
      address,
      abi: PERMIT2,
      functionName: 'nonceBitmap',
      args: [payer, payment.nonce >> 8n],
      ...block,
    });
    return ((bits >> (payment.nonce & 255n)) & 1n) === 1n;
  }

  /** Looks for what has used the nonce. What is not found is never taken for a failure. */
  private async search(payment: SignedPayment, amount: bigint, head: bigint): Promise<Trace> {
    const topics = payment.method === 'eip3009' ? nonceTopics(payment) : transferTopics(payment);
    const since = this.signedAbout(payment) - SLACK_MS;
    let to = head;
    for (let span = 0; span < MOST_SPANS; span += 1) {
      const from = to >= SPAN ? to - SPAN + 1n : 0n;
      const found = await this.searchSpan(payment, amount, topics, from, to);
      if (found) return found;
      if (from === 0n || (await this.timeOf(from)) < since) return this.notFound(payment);
      to = from - 1n;
    }
    return { outcome: 'pending' };
  }

  private async searchSpan(
    payment: SignedPayment,
    amount: bigint,
    topics: Topics,
    from: bigint,
    to: bigint,
  ): Promise<Trace | undefined> {
    const logs = await this.rpc.request({
      method: 'eth_getLogs',
      params: [
        { address: payment.asset as Address, topics, fromBlock: numberToHex(from), toBlock: numberToHex(to) },
      ],
    });
    let isUnclear = false;
    for (const log of logs) {
      if (log.transactionHash === null) continue;
      // A nonce of the token leaves one log; of a nonce of Permit2 there are only the transfers to us.
      if (payment.method === 'permit2' && !isTransfer(payment, amount, log)) continue;
      const finding = await this.read(
        payment,
        amount,
        await this.rpc.getTransactionReceipt({ hash: log.transactionHash }),
      );
      if (finding === 'moved') return { outcome: 'moved', transactionHash: log.transactionHash };
      if (finding === 'unclear') isUnclear = true;
      else if (payment.method === 'eip3009') return { outcome: 'failed', reason: usedOtherwise(payment) };
    }
    return isUnclear ? { outcome: 'pending' } : undefined;
  }

  /** Permit2 tells of a cancelled nonce by no transfer to us; the token tells by a log, which must be somewhere. */
  private notFound(payment: SignedPayment): Trace {
    return payment.method === 'permit2'
      ? { outcome: 'failed', reason: usedOtherwise(payment) }
      : { outcome: 'pending' };
  }

  private async read(
    payment: SignedPayment,
    amount: bigint,
    { status, logs, transactionHash }: TransactionReceipt,
    sent: readonly Sent[] = [],
  ): Promise<Finding> {
    if (status !== 'success') return 'other';
    if (payment.method === 'eip3009') return readAuthorized(payment, amount, logs);
    const proxy = payment.scheme === 'exact' ? x402ExactPermit2ProxyAddress : x402UptoPermit2ProxyAddress;
    const { raw } = sent.find(({ hash }) => hash === transactionHash) ?? {};
    const transaction =
      raw === undefined
        ? await this.rpc.getTransaction({ hash: transactionHash })
        : signedTransaction(raw as Hex);
    return readPermitted(payment, amount, proxy, transaction, logs);
  }

  /** When the wallet has signed, if it did as it was asked to; epoch milliseconds. */
  private signedAbout({ validUntilMs, requirements }: SignedPayment): number {
    const seconds = requirements.maxTimeoutSeconds;
    return Math.min(Date.now(), validUntilMs - (typeof seconds === 'number' ? seconds * 1000 : 0));
  }

  private async timeOf(blockNumber: bigint): Promise<number> {
    return Number((await this.rpc.getBlock({ blockNumber })).timestamp) * 1000;
  }
}
