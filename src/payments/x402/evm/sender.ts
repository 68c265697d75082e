import { Logger } from '@nestjs/common';
import { BaseError, keccak256, parseTransaction, type Address, type Hex, type PrivateKeyAccount } from 'viem';
import type { JournaledTransaction, TransactionJournal, TransactionPurpose } from '../transaction-journal.js';
import { describe, type Rpc } from './rpc.js';

export interface ContractCall {
  readonly to: Address;
  readonly data: Hex;
}

type Purpose = Omit<TransactionPurpose, 'chainId' | 'signer'>;

interface Fees {
  readonly maxFeePerGas: bigint;
  readonly maxPriorityFeePerGas: bigint;
}

interface Unsigned extends ContractCall, Fees {
  readonly gas: bigint;
  readonly nonce: number;
}

/** Several times what a transfer needs; a contract wallet whose check of a signature takes more cannot pay here. */
export const MOST_GAS = 500_000n;
/** How many times a transaction is replaced; each time it offers at least an eighth more, as nodes require. */
const MOST_REPLACEMENTS = 10;

/** Fees move little in it, and twice the base fee is offered. */
const FEES_MS = 1_000;
/** Transactions that are looked at in one repair. */
const MOST_REPAIRED = 100;

/** Signs, journals and broadcasts the transactions of one signer on one chain. */
export class Sender {
  readonly address: Address;
  private readonly logger = new Logger('X402');
  private lastFees: { readonly at: number; readonly fees: Promise<Fees> } | undefined;
  /** The account nonce at the last repair. */
  private seen: number | undefined;

  constructor(
    private readonly rpc: Rpc,
    private readonly chainId: number,
    private readonly account: PrivateKeyAccount,
    private readonly journal: TransactionJournal,
  ) {
    this.address = account.address;
  }

  /**
   * Journals a call with the signer's next account nonce, then broadcasts it.
   * @param gas what it was estimated to need
   */
  async send(purpose: Purpose, call: ContractCall, gas: bigint): Promise<JournaledTransaction> {
    const fees = await this.fees();
    const sent = await this.journal.write(
      { chainId: this.chainId, signer: this.address.toLowerCase(), ...purpose },
      () => this.rpc.getTransactionCount({ address: this.address, blockTag: 'pending' }),
      (nonce) => this.sign({ ...call, ...fees, gas: gas + gas / 4n, nonce }),
    );
    await this.broadcast(sent);
    return sent;
  }

  /** Broadcasts again what is not mined, for a higher fee where it is too low by now. */
  async push(waiting: readonly JournaledTransaction[]): Promise<void> {
    if (waiting.length === 0) return;
    // What waits may wait because fees have changed.
    const fees = await this.fees(0);
    for (const nonce of new Set(waiting.map((sent) => sent.nonce))) {
      const sent = waiting.filter((other) => other.nonce === nonce);
      const newest = sent.at(-1);
      const dearer = newest && sent.length <= MOST_REPLACEMENTS && dearerThan(newest, fees);
      if (dearer) await this.broadcast(await this.journal.replace(newest, await this.sign(dearer)));
      else if (newest) await this.broadcast(newest);
    }
  }

  /**
   * To be called regularly. Broadcasts what is not mined although nothing has been since the last time: a node may
   * have forgotten it, and all that have higher nonces wait for it, whatever became of its payment.
   */
  async repair(): Promise<void> {
    const { address } = this;
    const next = await this.rpc.getTransactionCount({ address, blockTag: 'latest' });
    if (next === this.seen)
      await this.push(await this.journal.from(this.chainId, address.toLowerCase(), next, MOST_REPAIRED));
    this.seen = next;
  }

  /** Own ones whose account nonce no block has used up to this one; oldest first. */
  async waiting(
    sent: readonly JournaledTransaction[],
    blockNumber: bigint,
  ): Promise<readonly JournaledTransaction[]> {
    const own = sent.filter((one) => this.isOwn(one));
    if (own.length === 0) return own;
    const next = await this.rpc.getTransactionCount({ address: this.address, blockNumber });
    return own.filter(({ nonce }) => nonce >= next);
  }

  /** Not of a signer that this one has replaced, whose nonces say nothing here. */
  isOwn({ signer }: JournaledTransaction): boolean {
    return signer === this.address.toLowerCase();
  }

  /** A transaction that is journaled may have arrived, whatever the node says, so no answer decides anything. */
  async broadcast({ raw, hash }: JournaledTransaction): Promise<void> {
    try {
      await this.rpc.sendRawTransaction({ serializedTransaction: raw as Hex });
    } catch (failure) {
      if (isKnown(failure)) return;
      this.logger.warn(`transaction ${hash} was not taken, and will be sent again: ${describe(failure)}`);
    }
  }

  /** One reading is enough for all that is sent in a second. @param oldestMs how old it may be */
  fees(oldestMs = FEES_MS): Promise<Fees> {
    const now = performance.now();
    if (this.lastFees && now - this.lastFees.at < oldestMs) return this.lastFees.fees;
    const fees = this.readFees();
    const last = { at: now, fees };
    this.lastFees = last;
    fees.catch(() => {
      if (this.lastFees === last) this.lastFees = undefined;
    });
    return fees;
  }

  /** Twice the base fee: it can double, as in six full blocks, before the transaction has to wait. */
  private async readFees(): Promise<Fees> {
    const [{ baseFeePerGas }, maxPriorityFeePerGas] = await Promise.all([
      this.rpc.getBlock({ blockTag: 'latest' }),
      this.rpc.estimateMaxPriorityFeePerGas(),
    ]);
    return { maxFeePerGas: 2n * (baseFeePerGas ?? 0n) + maxPriorityFeePerGas, maxPriorityFeePerGas };
  }

  private async sign(unsigned: Unsigned): Promise<{ readonly hash: string; readonly raw: string }> {
    const raw = await this.account.signTransaction({ ...unsigned, type: 'eip1559', chainId: this.chainId });
    return { hash: keccak256(raw), raw };
  }
}

/** The same transaction for fees of today; undefined while its own ones do. */
function dearerThan({ raw, nonce }: JournaledTransaction, today: Fees): Unsigned | undefined {
  const { gas, to, data, ...fees } = parseTransaction(raw as Hex);
  const { maxFeePerGas = 0n, maxPriorityFeePerGas = 0n } = fees;
  const suffices =
    maxFeePerGas >= today.maxFeePerGas / 2n && maxPriorityFeePerGas >= today.maxPriorityFeePerGas / 2n;
  if (suffices || !gas || !to || !data) return undefined;
  return {
    to,
    data,
    gas,
    nonce,
    maxFeePerGas: larger(today.maxFeePerGas, raised(maxFeePerGas)),
    maxPriorityFeePerGas: larger(today.maxPriorityFeePerGas, raised(maxPriorityFeePerGas)),
  };
}

/** A little more than the tenth that nodes ask for, rounded up. */
function raised(fee: bigint): bigint {
  return fee + fee / 8n + 1n;
}

function larger(one: bigint, other: bigint): bigint {
  return one > other ? one : other;
}

/** Whether a node has the transaction already, in a block or before. */
function isKnown(thrown: unknown): boolean {
  return thrown instanceof BaseError && /already (known|imported)|nonce too low/i.test(thrown.details);
}
