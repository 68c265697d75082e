import { isAddressEqual, parseAbi, parseEventLogs, type Address } from 'viem';
import type { PaymentChainConfig } from '../../../base/config.js';
import { openRpc, type Rpc } from './rpc.js';
import { SPAN, Transfers } from './transfers.js';

/** How far the clocks of the books and of chains may lie apart. */
const SLACK_MS = 86_400_000;
const EVENT = parseAbi(['event Transfer(address indexed from, address indexed to, uint256 value)']);

/** The transfers of a token to addresses, as the chain has them. @throws whatever viem throws where it is away */
export class Incoming {
  private readonly rpc: Rpc;
  private readonly transfers: Transfers;

  constructor(config: PaymentChainConfig) {
    this.rpc = openRpc(config);
    this.transfers = new Transfers(this.rpc, config.confirmations);
  }

  /** What each transaction has moved to the address, by its hash; atomic units. */
  async since(asset: string, to: string, sinceMs: number): Promise<Map<string, bigint>> {
    const { number: last } = await this.transfers.head();
    const sums = new Map<string, bigint>();
    for (let from = await this.blockBefore(sinceMs - SLACK_MS, last); from <= last; from += SPAN) {
      const logs = await this.rpc.getLogs({
        address: asset as Address,
        event: EVENT[0],
        args: { to: to as Address },
        fromBlock: from,
        toBlock: from + SPAN - 1n < last ? from + SPAN - 1n : last,
        strict: true,
      });
      for (const { transactionHash, args } of logs)
        sums.set(transactionHash, (sums.get(transactionHash) ?? 0n) + args.value);
    }
    return sums;
  }

  /** What one transaction has moved to the address; 0 where there is no such transaction. */
  async by(hash: string, asset: string, to: string): Promise<bigint> {
    const { logs = [], status } = (await this.transfers.receipt(hash)) ?? {};
    if (status !== 'success') return 0n;
    return parseEventLogs({ abi: EVENT, logs })
      .filter(
        ({ address, args }) =>
          isAddressEqual(address, asset as Address) && isAddressEqual(args.to, to as Address),
      )
      .reduce((sum, { args }) => sum + args.value, 0n);
  }

  /** A block that is no later than the time, and not much earlier; the first one where there is none. */
  private async blockBefore(timeMs: number, last: bigint): Promise<bigint> {
    let [low, high] = [0n, last];
    while (high - low > SPAN) {
      const middle = (low + high) / 2n;
      const { timestamp } = await this.rpc.getBlock({ blockNumber: middle });
      if (Number(timestamp) * 1_000 <= timeMs) low = middle;
      else high = middle;
    }
    return low;
  }
}
