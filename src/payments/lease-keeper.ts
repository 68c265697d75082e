import { Injectable, Logger } from '@nestjs/common';
import { newId } from '../base/ids.js';
import { Ledger } from './ledger.js';
import { ProcessLeases, type HeldCall } from './process-leases.js';
import { Recurring } from '../base/work/recurring.js';
import { LivesIn, type Worker } from '../base/work/worker.js';
import { RunningCalls } from './running-calls.js';
import { PaymentSettings } from './settings.js';

/** This process's name in the books; a new one at each start. */
@Injectable()
export class ProcessIdentity {
  readonly id = newId('proc');
}

/**
 * Keeps this process's lease, with the progress of its calls, and releases holds whose calls it no longer runs. When
 * the lease cannot be renewed, every call is cut off before the lease ends: from then on other processes may end
 * their holds.
 */
@Injectable()
@LivesIn('lease')
export class LeaseKeeper implements Worker {
  private readonly logger = new Logger(LeaseKeeper.name);
  private readonly renewals = new Recurring(
    () => this.renew(),
    (failure) => this.report(failure),
  );
  private readonly leaseMs: number;
  private deadline: NodeJS.Timeout | undefined;
  /** Releases that are under way, of holds whose calls this process does not run. */
  private readonly releases = new Map<string, Promise<void>>();

  constructor(
    private readonly leases: ProcessLeases,
    private readonly ledger: Ledger,
    private readonly calls: RunningCalls,
    private readonly identity: ProcessIdentity,
    { leaseMs }: PaymentSettings,
  ) {
    this.leaseMs = leaseMs;
  }

  async start(): Promise<void> {
    await this.renew();
    this.renewals.start(this.leaseMs / 3);
  }

  /** Ends the lease; no call may be running any more. */
  async stop(): Promise<void> {
    await this.renewals.stop();
    await Promise.all(this.releases.values());
    clearTimeout(this.deadline);
    await this.leases.end(this.identity.id).catch((failure: unknown) => this.report(failure));
  }

  private async renew(): Promise<void> {
    const startedAt = performance.now();
    const booked = await this.leases.renew(this.identity.id, this.leaseMs, this.calls.progress());
    const safeMs = (this.leaseMs * 5) / 6 - (performance.now() - startedAt);
    clearTimeout(this.deadline);
    this.deadline = setTimeout(() => this.lose(), Math.max(safeMs, 0));
    this.deadline.unref();
    const own = this.calls.holdIds();
    for (const orphan of booked) if (!own.has(orphan.holdId)) this.release(orphan);
    await this.handOver();
  }

  /** What could not be handed over is kept for the next renewal. */
  private async handOver(): Promise<void> {
    const moved = this.calls.moved();
    if (moved.length === 0) return;
    try {
      await this.leases.handOver(this.identity.id, this.leaseMs, moved);
      this.calls.handedOver(moved);
    } catch (failure) {
      this.logger.warn({ msg: `${moved.length} calls are handed over later`, err: failure });
    }
  }

  /** Not awaited: a key whose row is locked must not delay the lease. */
  private release({ holdId, keyId }: HeldCall): void {
    if (this.releases.has(holdId)) return;
    const release = this.ledger
      .release({ holdId, keyId })
      .catch((failure: unknown) =>
        this.logger.error({ msg: 'a hold was not released', holdId, err: failure }),
      )
      .finally(() => this.releases.delete(holdId));
    this.releases.set(holdId, release);
  }

  private lose(): void {
    if (this.calls.size > 0)
      this.logger.error(`the lease could not be renewed; ${this.calls.size} calls end`);
    this.calls.cutOff();
  }

  private report(failure: unknown): void {
    this.logger.error({ msg: 'the lease was not renewed', err: failure });
  }
}
