import { Injectable, Logger } from '@nestjs/common';
import { OutageGuard } from '../base/work/outage-guard.js';
import { EACH_THIRD_OF_A_LEASE, Recurs } from '../base/work/worker.js';
import { agreedPrice } from '../base/money/agreed-price.js';
import { NO_USAGE } from '../base/money/usage.js';
import { Ledger, type HoldSettlement } from './ledger.js';
import { ProcessLeases, type AbandonedCall } from './process-leases.js';
import { Settling } from './receipts/settling.js';
import { settlementOf } from './settlement.js';
import { PaymentSettings } from './settings.js';

/** Holds ended in one round; the next round follows at once while there are more. */
const ROUND = 500;
const MOST_ROUNDS = 100;
/**
 * Ends the holds of processes that died, on any replica. A call that was not sent upstream is released; one that was
 * sent is settled for its input and the last recorded output.
 */
@Injectable()
export class Sweeper {
  private readonly logger = new Logger(Sweeper.name);
  private readonly guard = new OutageGuard();

  constructor(
    private readonly leases: ProcessLeases,
    private readonly ledger: Ledger,
    private readonly settling: Settling,
    private readonly settings: PaymentSettings,
  ) {}

  @Recurs({ name: 'a sweep of holds', every: EACH_THIRD_OF_A_LEASE, phase: 'upkeep' })
  sweep(): Promise<void> {
    return this.guard.run(async (mayTake) => {
      const calls = await this.leases.abandoned(ROUND);
      if (!mayTake) return;
      await this.endInRounds(calls);
      await this.leases.forgetDead();
    });
  }

  private async endInRounds(first: readonly AbandonedCall[]): Promise<void> {
    let calls = first;
    for (let round = 1; ; round += 1) {
      await this.endAll(calls);
      if (calls.length < ROUND || round === MOST_ROUNDS) return;
      calls = await this.leases.abandoned(ROUND, calls.at(-1)?.holdId);
    }
  }

  /** A hold that cannot be ended now, as when its key is locked, delays no other; the next sweep finds it again. */
  private async endAll(calls: readonly AbandonedCall[]): Promise<void> {
    const ends = await Promise.allSettled(calls.map((call) => this.end(call)));
    const failures = ends.flatMap((end) => (end.status === 'rejected' ? [end.reason as unknown] : []));
    if (failures.length > 0)
      this.logger.error({
        msg: `${failures.length} holds of processes that died stay for now`,
        err: failures[0],
      });
    const ended = ends.length - failures.length;
    if (ended > 0) this.logger.warn(`ended ${ended} holds of processes that died`);
  }

  private async end(call: AbandonedCall): Promise<void> {
    if (!call.sent) await this.ledger.release({ holdId: call.holdId, keyId: call.keyId });
    else
      await this.settling.settleAbandoned(
        endOf(call, this.settings.defaultChainId, this.settling.clock.nowMs()),
      );
  }
}

function endOf(call: AbandonedCall, defaultChainId: number, nowMs: number): HoldSettlement {
  const { terms, holdId, keyId, accountId, requestId, responseId, idempotencyKey, amount, transactionHash } =
    call;
  const { provider, model } = terms;
  const payment = terms.payment && { ...terms.payment, authorised: amount, transactionHash };
  const chainId = terms.chainId ?? call.keyChainId ?? defaultChainId;
  const usage = { ...NO_USAGE, inputTokens: call.inputTokens, outputTokens: call.outputTokens };
  const ended = { accountId, requestId, responseId, provider, model, chainId };
  const settlement = settlementOf(ended, agreedPrice(terms), { usage, estimated: true }, nowMs);
  return { ...settlement, payment, holdId, keyId, idempotencyKey, held: amount };
}
