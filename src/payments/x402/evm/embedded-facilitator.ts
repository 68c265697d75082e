import { Logger } from '@nestjs/common';
import type { SchemeNetworkFacilitator } from '@x402/core/types';
import type { TransactionReceipt } from 'viem';
import { ExactEvmScheme } from '@x402/evm/exact/facilitator';
import { UptoEvmScheme } from '@x402/evm/upto/facilitator';
import { Facilitator, type Verification } from '../facilitator.js';
import type { Movement, SignedPayment } from '../payment.js';
import type { JournaledTransaction, TransactionJournal } from '../transaction-journal.js';
import { ChainSigner } from './chain-signer.js';
import { ChainProblem } from './check-chain.js';
import type { Mover } from './mover.js';
import { patience } from './patience.js';
import { codeOf, expired, transactionFailed } from './reasons.js';
import { chainAway, describe, type Rpc } from './rpc.js';
import type { Sender } from './sender.js';
import { termsOf } from './terms.js';
import type { Transfers } from './transfers.js';

export interface Embedded {
  readonly chainId: number;
  readonly rpc: Rpc;
  readonly transfers: Transfers;
  readonly sender: Sender;
  readonly journal: TransactionJournal;
  readonly settleMs: number;
}

/** What a payment takes at most as a rule. */
const GAS_OF_TRANSFER = 150_000n;
/** Payments that the signer should have gas for. */
const LOW_TRANSFERS = 100n;

/** Moves payments by transactions of the gateway's own signer. */
export class EmbeddedFacilitator extends Facilitator implements Mover {
  private readonly logger = new Logger('X402');
  private isLow = false;

  constructor(private readonly parts: Embedded) {
    super();
  }

  offer(): Promise<{ readonly facilitatorAddress: string; readonly hasUpto: boolean }> {
    return Promise.resolve({ facilitatorAddress: this.parts.sender.address, hasUpto: true });
  }

  async tend(): Promise<bigint> {
    const { rpc, sender } = this.parts;
    const { address } = sender;
    const [balance, { maxFeePerGas }] = await Promise.all([
      rpc.getBalance({ address }),
      sender.fees(),
      sender.repair(),
    ]);
    const transfers = balance / (GAS_OF_TRANSFER * maxFeePerGas || 1n);
    if (transfers === 0n) throw new ChainProblem(`the signer, ${address}, has no money for gas`);
    const isLow = transfers < LOW_TRANSFERS;
    if (isLow && !this.isLow)
      this.logger.warn(`the signer, ${address}, has money for the gas of about ${transfers} payments`);
    this.isLow = isLow;
    return balance;
  }

  async verify(payment: SignedPayment): Promise<Verification> {
    const { chainId, rpc, sender, transfers } = this.parts;
    const signer = new ChainSigner(rpc, sender.address);
    const asked = schemeOf(payment, signer).verify(...termsOf(payment, payment.authorised));
    const [available, verdict] = await Promise.all([
      transfers.availableOf(payment).catch((thrown: unknown) => {
        throw chainAway(chainId, thrown);
      }),
      asked.catch(() => undefined),
    ]);
    if (signer.failure !== undefined) throw chainAway(chainId, signer.failure);
    return verdict?.isValid
      ? { isValid: true, available }
      : { isValid: false, reason: codeOf(verdict?.invalidReason, 'unexpected_verify_error') };
  }

  /** Looks for earlier attempts first, on this process or another: what may still be mined is not signed anew. */
  async move(
    paymentId: string,
    payment: SignedPayment,
    amount: bigint,
    isUntried = false,
  ): Promise<Movement> {
    const { journal, sender, settleMs } = this.parts;
    const wait = patience(settleMs);
    let sent: readonly JournaledTransaction[] = [];
    try {
      if (!isUntried) sent = await journal.of(paymentId, 'settlement');
      let found: Found = sent.length > 0 ? await this.look(payment, amount, sent) : { outcome: 'unused' };
      if (found.outcome === 'pending') await sender.push(found.waiting);
      if (found.outcome === 'unused') {
        const submitted = await this.submit(paymentId, payment, amount);
        const isRefused = typeof submitted === 'string';
        sent = isRefused ? await journal.of(paymentId, 'settlement') : [...sent, submitted];
        found = isRefused ? await this.refused(payment, amount, sent, submitted) : PENDING;
      }
      while (found.outcome === 'pending' && (await wait()))
        found = await this.lookIfMined(payment, amount, sent);
      if (found.outcome === 'moved' || found.outcome === 'failed') return found;
    } catch (failure) {
      this.logger.warn(
        `payment ${paymentId} may have been moved, and is looked up later: ${describe(failure)}`,
      );
    }
    return { outcome: 'unknown', transactionHash: sent.at(-1)?.hash };
  }

  async find(
    paymentId: string,
    payment: SignedPayment,
    amount: bigint,
  ): Promise<Movement | { readonly outcome: 'unused' }> {
    const sent = await this.parts.journal.of(paymentId, 'settlement');
    const found = await this.look(payment, amount, sent).catch((thrown: unknown) => {
      throw chainAway(this.parts.chainId, thrown);
    });
    return found.outcome === 'pending' ? { outcome: 'unknown', transactionHash: sent.at(-1)?.hash } : found;
  }

  /**
   * Has the library check the payment once more and build its transaction.
   * @returns what was journaled, or the reason why it is refused
   */
  private async submit(
    paymentId: string,
    payment: SignedPayment,
    amount: bigint,
  ): Promise<JournaledTransaction | string> {
    const { rpc, sender } = this.parts;
    const purpose = { paymentId, kind: 'settlement' } as const;
    let sent: JournaledTransaction | undefined;
    const signer = new ChainSigner(rpc, sender.address, async (call, gas) => {
      sent = await sender.send(purpose, call, gas);
      return sent;
    });
    const answer = await schemeOf(payment, signer)
      .settle(...termsOf(payment, amount))
      .catch(() => undefined);
    if (sent) return sent;
    if (signer.failure !== undefined) throw signer.failure;
    return codeOf(answer?.errorReason, transactionFailed(payment));
  }

  /** Somebody else may have moved what the chain refuses to move. Until it has expired on chain, somebody else may. */
  private async refused(
    payment: SignedPayment,
    amount: bigint,
    sent: readonly JournaledTransaction[],
    reason: string,
  ): Promise<Found> {
    const found = await this.look(payment, amount, sent);
    if (found.outcome !== 'unused') return found;
    return reason === expired(payment) ? PENDING : { outcome: 'failed', reason };
  }

  private async look(
    payment: SignedPayment,
    amount: bigint,
    sent: readonly JournaledTransaction[],
    mined?: readonly TransactionReceipt[],
  ): Promise<Found> {
    const { transfers, sender } = this.parts;
    const trace = await transfers.trace(payment, amount, sent, mined);
    if (trace.outcome === 'pending') return PENDING;
    if (trace.outcome !== 'unused') return trace;
    const waiting = await sender.waiting(sent, trace.blockNumber);
    if (waiting.length > 0) return { outcome: 'pending', waiting };
    if (trace.hasReverted) return { outcome: 'failed', reason: transactionFailed(payment) };
    if (trace.isExpired) return { outcome: 'failed', reason: expired(payment) };
    // By use, only the signer that the wallet has named may move it: what a former one has sent may still arrive. Any
    // other payment moves once, whoever sends it.
    if (payment.scheme === 'upto' && !sent.every((one) => sender.isOwn(one))) return PENDING;
    return { outcome: 'unused' };
  }

  /** Nodes fail now and then: the next question may be answered. */
  private async lookIfMined(
    payment: SignedPayment,
    amount: bigint,
    sent: readonly JournaledTransaction[],
  ): Promise<Found> {
    try {
      const mined = await this.parts.transfers.mined(sent);
      return mined.length > 0 || sent.length === 0 ? await this.look(payment, amount, sent, mined) : PENDING;
    } catch (failure) {
      this.logger.warn(`a transaction could not be looked up: ${describe(failure)}`);
      return PENDING;
    }
  }
}

type Found =
  | Exclude<Movement, { outcome: 'unknown' }>
  | { readonly outcome: 'unused' }
  /** It may yet be moved, by transactions that wait to be mined or in another way. */
  | { readonly outcome: 'pending'; readonly waiting: readonly JournaledTransaction[] };

const PENDING: Found = { outcome: 'pending', waiting: [] };

/** A scheme remembers what it has sent; a new one for each call leaves that to the journal. */
function schemeOf({ scheme }: SignedPayment, signer: ChainSigner): SchemeNetworkFacilitator {
  return scheme === 'exact' ? new ExactEvmScheme(signer) : new UptoEvmScheme(signer);
}
