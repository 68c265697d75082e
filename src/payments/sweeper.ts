import { Inject, Injectable, Logger, type OnModuleInit } from '@nestjs/common';
import { newId } from '../base/ids.js';
import { CHARGE_SETTINGS } from './charge.js';
import type { ChargeSettings } from './charged-work.js';
import { chargeFor } from '../money/metering.js';
import { decodeTariff } from '../money/tariff.js';
import { NO_USAGE } from '../money/usage.js';
import { AccountStore } from './accounts/account-store.js';
import { LEASE_MS } from './lease-keeper.js';
import { Ledger, type Settlement } from './ledger.js';
import { IdempotencyStore } from './once/idempotency-store.js';
import { ProcessLeases, type AbandonedCall } from './process-leases.js';
import { Settling } from './receipts/settling.js';
import { Recurring } from '../base/recurring.js';

/** Every call that stores adds rows, and the next one of the account sums them up. */
const FOLD_EVERY_MS = 1_000;

/** Holds ended in one round; the next round follows at once while there are more. */
const ROUND = 500;
const MOST_ROUNDS = 100;
/** Changes of what accounts store that are summed up at once. */
const MOST_CHANGES = 10_000;

/**
 * Ends the holds of processes that died, on any replica: what was not sent upstream is released, what was is settled
 * for its input and the last recorded output. Also forgets requests that ran once and are too old to be repeated,
 * and sums up what accounts have stored.
 */
@Injectable()
export class Sweeper implements OnModuleInit {
  private readonly logger = new Logger(Sweeper.name);
  private readonly sweeps = new Recurring(
    () => this.sweep(),
    (failure) => this.logger.error({ msg: 'a sweep failed', err: failure }),
  );

  constructor(
    private readonly leases: ProcessLeases,
    private readonly ledger: Ledger,
    private readonly settling: Settling,
    private readonly requests: IdempotencyStore,
    private readonly accounts: AccountStore,
    @Inject(CHARGE_SETTINGS) private readonly settings: ChargeSettings,
    @Inject(LEASE_MS) private readonly leaseMs: number,
  ) {}

  private readonly folds = new Recurring(
    () => this.foldStoredChanges(),
    (failure) => this.logger.error({ msg: 'what accounts have stored was not summed up', err: failure }),
  );

  onModuleInit(): void {
    this.sweeps.start(this.leaseMs / 3);
    this.folds.start(FOLD_EVERY_MS);
  }

  async stop(): Promise<void> {
    await Promise.all([this.sweeps.stop(), this.folds.stop()]);
  }

  async sweep(): Promise<void> {
    let last: string | undefined;
    for (let round = 0; round < MOST_ROUNDS; round += 1) {
      const calls = await this.leases.abandoned(ROUND, last);
      await this.endAll(calls);
      last = calls.at(-1)?.holdId;
      if (calls.length < ROUND) break;
    }
    await this.leases.forgetDead();
    await this.forgetOldRequests();
  }

  private async foldStoredChanges(): Promise<void> {
    for (let round = 0; round < MOST_ROUNDS; round += 1) {
      if ((await this.accounts.foldStoredChanges(MOST_CHANGES)) < MOST_CHANGES) return;
    }
  }

  private async forgetOldRequests(): Promise<void> {
    for (let round = 0; round < MOST_ROUNDS; round += 1) {
      if ((await this.requests.purge(ROUND)) < ROUND) return;
    }
  }

  /** One that cannot be ended now, such as one whose key is locked, keeps no other; the next sweep finds it again. */
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
    else await this.settling.settleAbandoned(settlementOf(call, this.settings.defaultChainId));
  }
}

function settlementOf(call: AbandonedCall, defaultChainId: number): Settlement {
  const { tariff, feeBps, chainId, provider, model } = call.terms;
  const usage = { ...NO_USAGE, inputTokens: call.inputTokens, outputTokens: call.outputTokens };
  return {
    holdId: call.holdId,
    keyId: call.keyId,
    accountId: call.accountId,
    requestId: call.requestId,
    responseId: call.responseId,
    idempotencyKey: call.idempotencyKey,
    receiptId: newId('rct'),
    network: `eip155:${chainId ?? call.keyChainId ?? defaultChainId}`,
    provider,
    meterSubject: `${provider}:${model}`,
    charge: chargeFor(usage, decodeTariff(tariff), { feeBps, estimated: true }),
    estimated: true,
    settledAtMs: Date.now(),
    held: call.amount,
  };
}
