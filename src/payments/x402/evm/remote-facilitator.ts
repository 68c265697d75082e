import { setTimeout as delay } from 'node:timers/promises';
import { Logger } from '@nestjs/common';
import { HTTPFacilitatorClient } from '@x402/core/http';
import { SettleError, VerifyError } from '@x402/core/types';
import { getAddress, isAddress, type Address } from 'viem';
import { GatewayError } from '../../../base/errors/gateway-error.js';
import { Facilitator, type Verification } from '../facilitator.js';
import type { Movement, SignedPayment } from '../payment.js';
import { ChainProblem } from './check-chain.js';
import { patience } from './patience.js';
import { codeOf, expired, isBeforeBroadcast } from './reasons.js';
import type { Mover } from './mover.js';
import { chainAway, describe, networkOf, type Rpc } from './rpc.js';
import { termsOf } from './terms.js';
import type { Transfers } from './transfers.js';

const RETRY_AFTER_SECONDS = 5;
/** A service that has not settled by then is not waited for any longer without a look at the chain. */
const FIRST_LOOK_MS = 2_000;

export interface Remote {
  readonly chainId: number;
  readonly rpc: Rpc;
  readonly url: string;
  readonly transfers: Transfers;
  readonly settleMs: number;
}

type Found = Movement | { readonly outcome: 'unused' };

/** Moves payments by a service. What it claims counts only where the chain shows it. */
export class RemoteFacilitator extends Facilitator implements Mover {
  private readonly logger = new Logger('X402');
  private readonly client: HTTPFacilitatorClient;
  private address: Address | undefined;

  constructor(private readonly parts: Remote) {
    super();
    this.client = new HTTPFacilitatorClient({ url: parts.url, timeoutMs: parts.settleMs });
  }

  /**
   * What the service offers on this chain. Its address stays what it was first, since payments that are signed name it,
   * and a service with several addresses names any of them.
   */
  async offer(): Promise<{ readonly facilitatorAddress: string; readonly hasUpto: boolean }> {
    const network = networkOf(this.parts.chainId);
    const { kinds, signers } = await this.client.getSupported();
    const here = kinds.filter((kind) => kind.x402Version === 2 && kind.network === network);
    if (!here.some(({ scheme }) => scheme === 'exact'))
      throw new ChainProblem('the facilitator does not offer exact payments on it');
    const upto = here.find(({ scheme }) => scheme === 'upto')?.extra?.facilitatorAddress;
    const all = [...(signers['eip155:*'] ?? []), ...(signers[network] ?? []), upto];
    // In their order, so that all replicas choose the same.
    const [first] = all.filter((address) => typeof address === 'string' && isAddress(address)).sort();
    if (first === undefined) throw new ChainProblem('the facilitator names no address on it');
    this.address ??= getAddress(first);
    return { facilitatorAddress: this.address, hasUpto: upto !== undefined };
  }

  async tend(): Promise<undefined> {
    await this.parts.rpc.getBlockNumber();
    if (!this.address) throw new ChainProblem('the facilitator has another address now');
  }

  async verify(payment: SignedPayment): Promise<Verification> {
    const { chainId, transfers } = this.parts;
    const [available, reason] = await Promise.all([
      transfers.availableOf(payment).catch((thrown: unknown) => {
        throw chainAway(chainId, thrown);
      }),
      this.refusal(payment),
    ]);
    if (reason === 'upto_facilitator_mismatch') this.address = undefined;
    return reason === undefined ? { isValid: true, available } : { isValid: false, reason };
  }

  /** Asks the service, and looks at the chain: whichever tells first. */
  async move(paymentId: string, payment: SignedPayment, amount: bigint): Promise<Movement> {
    const wait = patience(this.parts.settleMs);
    const answer: Answer = { refusal: undefined, transactionHash: undefined };
    const settled = this.settle(payment, amount, answer);
    await Promise.race([settled, delay(FIRST_LOOK_MS, undefined, { ref: false })]);
    do {
      const found = await this.look(payment, amount, answer.transactionHash).catch((failure: unknown) => {
        this.logger.warn(`payment ${paymentId} could not be looked up: ${describe(failure)}`);
        return undefined;
      });
      if (found?.outcome === 'moved' || found?.outcome === 'failed') return found;
      if (found?.outcome === 'unused' && answer.refusal !== undefined)
        return { outcome: 'failed', reason: answer.refusal };
    } while (await wait());
    return { outcome: 'unknown', transactionHash: answer.transactionHash };
  }

  async find(_paymentId: string, payment: SignedPayment, amount: bigint): Promise<Found> {
    return this.look(payment, amount, undefined).catch((thrown: unknown) => {
      throw chainAway(this.parts.chainId, thrown);
    });
  }

  /** The reason why the service refuses a payment; undefined when it takes it. */
  private async refusal(payment: SignedPayment): Promise<string | undefined> {
    try {
      const verdict = await this.client.verify(...termsOf(payment, payment.authorised));
      return verdict.isValid ? undefined : codeOf(verdict.invalidReason, 'unexpected_verify_error');
    } catch (thrown) {
      if (thrown instanceof VerifyError && thrown.statusCode < 500 && thrown.invalidReason !== undefined)
        return codeOf(thrown.invalidReason, 'unexpected_verify_error');
      throw new GatewayError('service_unavailable', 'Payments cannot be verified at the moment.', {
        retryAfterSeconds: RETRY_AFTER_SECONDS,
        cause: new Error(`the facilitator did not answer properly: ${describe(thrown)}`),
      });
    }
  }

  /** Fills in what the service says. A refusal counts only if it cannot come from an attempt that is under way. */
  private async settle(payment: SignedPayment, amount: bigint, answer: Answer): Promise<void> {
    const said = await this.client.settle(...termsOf(payment, amount)).catch((thrown: unknown) => {
      if (thrown instanceof SettleError && thrown.statusCode < 500)
        return { success: false, transaction: thrown.transaction, errorReason: thrown.errorReason };
      this.logger.warn(`the facilitator did not answer properly: ${describe(thrown)}`);
      return undefined;
    });
    if (!said) return;
    if (/^0x[0-9a-fA-F]{64}$/.test(said.transaction)) answer.transactionHash = said.transaction.toLowerCase();
    const reason = codeOf(said.errorReason, '');
    if (!said.success && said.transaction === '' && isBeforeBroadcast(reason)) answer.refusal = reason;
  }

  private async look(payment: SignedPayment, amount: bigint, hash: string | undefined): Promise<Found> {
    const trace = await this.parts.transfers.trace(payment, amount, hash === undefined ? [] : [{ hash }]);
    if (trace.outcome === 'pending') return { outcome: 'unknown' };
    if (trace.outcome !== 'unused') return trace;
    return trace.isExpired ? { outcome: 'failed', reason: expired(payment) } : { outcome: 'unused' };
  }
}

interface Answer {
  refusal: string | undefined;
  transactionHash: string | undefined;
}
