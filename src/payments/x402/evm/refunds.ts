import { BaseError, encodeFunctionData, isAddressEqual, parseAbi, parseEventLogs, type Address } from 'viem';
import { privateKeyToAccount } from 'viem/accounts';
import type { X402Config } from '../../../base/config.js';
import type { Refund, RefundResult } from '../refund.js';
import type { JournaledTransaction, TransactionJournal } from '../transaction-journal.js';
import { ChainProblem } from './check-chain.js';
import { patience } from './patience.js';
import { describe, isRevert, openRpc, type Rpc } from './rpc.js';
import { Sender } from './sender.js';
import { Transfers } from './transfers.js';

type Found = RefundResult | { readonly outcome: 'unsent' };

interface Parts {
  readonly chainId: number;
  readonly rpc: Rpc;
  readonly transfers: Transfers;
  readonly sender: Sender;
  readonly journal: TransactionJournal;
  readonly settleMs: number;
}

const TOKEN = parseAbi([
  'function transfer(address to, uint256 value) returns (bool)',
  'event Transfer(address indexed from, address indexed to, uint256 value)',
]);

/**
 * Pays wallets back from the signer's own tokens. A transfer has no nonce of the token's that would keep it from being
 * made twice, so that another one is signed only when the chain shows that those before were reverted.
 */
export class Refunds {
  constructor(private readonly parts: Parts) {}

  /**
   * Goes on where an earlier attempt has ended, and waits for the chain for a bounded time.
   * @throws ChainProblem when it cannot be paid now, or the chain cannot be reached
   */
  async pay(refund: Refund): Promise<RefundResult> {
    try {
      return await this.attempt(refund);
    } catch (failure) {
      // Its own text may hold the address of the RPC.
      if (failure instanceof BaseError)
        throw new ChainProblem(`Chain ${refund.chainId} cannot be asked: ${describe(failure)}.`);
      throw failure;
    }
  }

  private async attempt(refund: Refund): Promise<RefundResult> {
    const { journal, settleMs } = this.parts;
    const wait = patience(settleMs);
    const before = await journal.of(refund.paymentId, 'refund');
    let found = await this.look(refund, before);
    if (found.outcome === 'unsent' || found.outcome === 'reverted') {
      await this.send(refund, before.length);
      found = await this.look(refund, await journal.of(refund.paymentId, 'refund'));
    } else if (found.outcome === 'pending') await this.broadcast(before);
    // A node that lags behind others may not have the transaction whose account nonce they show as used.
    while ((found.outcome === 'pending' || found.outcome === 'lost') && (await wait()))
      found = await this.look(refund, await journal.of(refund.paymentId, 'refund'));
    if (found.outcome === 'unsent') throw new Error('a refund was sent, and is not in the journal');
    return found;
  }

  private async send({ paymentId, asset, payer, amount }: Refund, known: number): Promise<void> {
    const { rpc, sender } = this.parts;
    const args = [payer as Address, amount] as const;
    const data = encodeFunctionData({ abi: TOKEN, functionName: 'transfer', args });
    const call = { to: asset as Address, data };
    const gas = await rpc.estimateGas({ account: sender.address, ...call }).catch((thrown: unknown) => {
      if (!isRevert(thrown)) throw thrown;
      throw new ChainProblem(
        `The signer, ${sender.address}, cannot pay ${amount} atomic units of ${asset}: it has too few.`,
      );
    });
    await sender.send({ paymentId, kind: 'refund', known }, call, gas);
  }

  /** For a higher fee, where its own is too low by now; a former signer's transaction as it is. */
  private async broadcast(sent: readonly JournaledTransaction[]): Promise<void> {
    const { sender } = this.parts;
    const own = sent.filter(({ signer }) => isAddressEqual(signer as Address, sender.address));
    await sender.push(own);
    for (const other of sent) if (!own.includes(other)) await sender.broadcast(other);
  }

  private async look(refund: Refund, sent: readonly JournaledTransaction[]): Promise<Found> {
    const { rpc, transfers } = this.parts;
    const newest = sent.at(-1);
    if (!newest) return { outcome: 'unsent' };
    const head = await transfers.head();
    const receipts = await Promise.all(sent.map(({ hash }) => transfers.receipt(hash)));
    const mined = receipts.filter((receipt) => receipt !== undefined);
    const paid = mined.find(({ status, logs }) => status === 'success' && hasPaid(refund, logs));
    const transactionHash = paid?.transactionHash ?? newest.hash;
    if (paid) return { outcome: paid.blockNumber <= head.number ? 'paid' : 'pending', transactionHash };
    const reverted = mined.filter(
      ({ status, blockNumber }) => status === 'reverted' && blockNumber <= head.number,
    );
    // Of an account nonce one transaction is mined, so a revert ends all that have it.
    const ended = new Set(
      sent
        .filter(({ hash }) => reverted.some((receipt) => receipt.transactionHash === hash))
        .map(accountNonce),
    );
    const open = sent.filter((transaction) => !ended.has(accountNonce(transaction)));
    if (open.length === 0) return { outcome: 'reverted', transactionHash };
    const used = await Promise.all(
      open.map(({ signer }) =>
        rpc.getTransactionCount({ address: signer as Address, blockNumber: head.number }),
      ),
    );
    const isLost = open.some(({ nonce }, index) => nonce < (used[index] ?? 0));
    return { outcome: isLost ? 'lost' : 'pending', transactionHash };
  }
}

/** @throws Error where the configuration has no signer, or no such chain */
export function openRefunds(
  x402: X402Config | undefined,
  chainId: number,
  journal: TransactionJournal,
): Refunds {
  const config = x402?.chains.find((chain) => chain.chainId === chainId);
  if (!x402 || !config) throw new Error(`payments.chains has no chain ${chainId} with rpc_url.`);
  if (x402.signerKey === undefined) throw new Error('payments.x402.signer_key is missing: it pays refunds.');
  const rpc = openRpc(config);
  const sender = new Sender(rpc, chainId, privateKeyToAccount(x402.signerKey as `0x${string}`), journal);
  const transfers = new Transfers(rpc, config.confirmations);
  return new Refunds({ chainId, rpc, transfers, sender, journal, settleMs: x402.settleMs });
}

function hasPaid(
  { asset, payer, amount }: Refund,
  logs: Parameters<typeof parseEventLogs>[0]['logs'],
): boolean {
  return parseEventLogs({ abi: TOKEN, eventName: 'Transfer', logs }).some(
    ({ address, args }) =>
      isAddressEqual(address, asset as Address) &&
      isAddressEqual(args.to, payer as Address) &&
      args.value === amount,
  );
}

function accountNonce({ signer, nonce }: JournaledTransaction): string {
  return `${signer}:${nonce}`;
}
