import type { X402Config } from '../../base/config.js';
import { Incoming } from '../../payments/x402/evm/incoming.js';
import { problemOf } from '../../payments/x402/evm/open-chain.js';
import {
  bookedTransfers,
  hashesUnderWay,
  paidAddresses,
  type BookedTransfer,
  type PaidAddress,
} from '../../storage/ledger/booked-transfers.js';
import type { Difference } from '../../storage/ledger/check-books.js';
import type { Opened } from './with-database.js';

/**
 * Compares settled payments and refunds with what their chains have. The chains are read first: whatever they have by
 * then is in the books, or on its way.
 * @throws Error where a chain of the books is not configured, or cannot be reached
 */
export async function chainDifferences({ database: { pool }, config }: Opened): Promise<Difference[]> {
  const chains = new Chains(config.x402);
  const addresses = await paidAddresses(pool);
  const arrivals = await Promise.all(
    addresses.map(({ chainId, asset, to, sinceMs }) =>
      chains.ask(chainId, (incoming) => incoming.since(asset, to, sinceMs)),
    ),
  );
  const underWay = await hashesUnderWay(pool);
  const booked = await bookedTransfers(pool);
  const movedBy = ({ chainId, hash, asset, to }: BookedTransfer): Promise<bigint> =>
    chains.ask(chainId, (incoming) => incoming.by(hash, asset, to));

  const differences: Difference[] = [];
  for (const [index, address] of addresses.entries()) {
    const payments = booked.filter((transfer) => !transfer.isRefund && isTo(address, transfer));
    const known = new Set(payments.map(({ hash }) => hash));
    const arrived = new Map(
      [...(arrivals[index] ?? [])].filter(([hash]) => known.has(hash) || !underWay.has(hash)),
    );
    for (const payment of payments)
      if (!arrived.has(payment.hash)) arrived.set(payment.hash, await movedBy(payment));
    differences.push(...compared(address, payments, arrived));
  }
  for (const refund of booked.filter(({ isRefund }) => isRefund)) {
    const counted = await movedBy(refund);
    if (counted < refund.amount) differences.push(differenceOf(refund, 'refund', counted));
  }
  return differences;
}

function isTo({ chainId, asset, to }: PaidAddress, transfer: BookedTransfer): boolean {
  return transfer.chainId === chainId && transfer.asset === asset && transfer.to === to;
}

function compared(
  { chainId, to }: PaidAddress,
  payments: readonly BookedTransfer[],
  arrived: ReadonlyMap<string, bigint>,
): Difference[] {
  const known = new Set(payments.map(({ hash }) => hash));
  const source = `the transfers to ${to}`;
  const wrong = payments.flatMap((payment) => {
    const counted = arrived.get(payment.hash) ?? 0n;
    return counted === payment.amount ? [] : differenceOf(payment, 'amount', counted);
  });
  const unknown = [...arrived]
    .filter(([hash]) => !known.has(hash))
    .map(([hash, value]) => ({
      subject: hash,
      figure: 'its payment',
      stated: null,
      counted: value.toString(),
      source,
    }));
  const stated = payments.reduce((sum, { amount }) => sum + amount, 0n).toString();
  const counted = [...arrived.values()].reduce((sum, value) => sum + value, 0n).toString();
  const subject = `eip155:${chainId}`;
  const sum = { subject, figure: 'the sum of settled payments', stated, counted, source };
  return [...wrong, ...unknown, ...(stated === counted ? [] : [sum])];
}

function differenceOf(
  { subject, amount, hash }: BookedTransfer,
  figure: string,
  counted: bigint,
): Difference {
  return {
    subject,
    figure,
    stated: amount.toString(),
    counted: counted.toString(),
    source: `the transaction ${hash}`,
  };
}

class Chains {
  private readonly opened = new Map<number, Incoming>();

  constructor(private readonly x402: X402Config | undefined) {}

  async ask<Answer>(chainId: number, question: (incoming: Incoming) => Promise<Answer>): Promise<Answer> {
    const chain = this.x402?.chains.find((other) => other.chainId === chainId);
    if (!chain) throw new Error(`The books have payments on chain ${chainId}, which has no rpc_url here.`);
    const incoming = this.opened.get(chainId) ?? new Incoming(chain);
    this.opened.set(chainId, incoming);
    try {
      return await question(incoming);
    } catch (failure) {
      // Its own text may hold the address of the RPC.
      throw new Error(`Chain ${chainId}: ${problemOf(failure)}.`, { cause: failure });
    }
  }
}
