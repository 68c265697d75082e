import { Injectable } from '@nestjs/common';
import { ProcessIdentity } from '../../payments/lease-keeper.js';
import {
  Ledger,
  type HoldGrant,
  type HoldRefusal,
  type HoldRequest,
  type Release,
  type SignedSettlement,
  type SettlementResult,
} from '../../payments/ledger.js';
import { Database } from '../database.js';
import { GroupCommit } from '../group-commit.js';
import { weightOf } from '../records/record-columns.js';
import { takeHolds } from './hold-statement.js';
import { releaseHolds } from './release-statement.js';
import { settleHolds } from './settle-statement.js';

/** Rows and bytes of stored content of one statement, and calls that may wait for the next one. */
const BOUNDS = { rows: 128, bytes: 8 * 1024 * 1024, waiting: 10_000 };

@Injectable()
export class PostgresLedger extends Ledger {
  private readonly holds: GroupCommit<HoldRequest, HoldGrant | HoldRefusal>;
  private readonly settlements: GroupCommit<SignedSettlement, SettlementResult>;
  private readonly releases: GroupCommit<Release, true>;

  constructor(
    private readonly database: Database,
    identity: ProcessIdentity,
  ) {
    super();
    const { pool } = database;
    this.holds = new GroupCommit<HoldRequest, HoldGrant | HoldRefusal>(
      (batch, options) => takeHolds(pool, identity.id, batch, options),
      BOUNDS,
      ({ record, once }) => weightOf(record, once?.accepted),
    );
    this.settlements = new GroupCommit<SignedSettlement, SettlementResult>(
      (batch) => settleHolds(pool, batch, { sweep: false }),
      BOUNDS,
      ({ record, answer }) => weightOf(record, answer),
    );
    this.releases = new GroupCommit<Release, true>(
      (batch) => releaseHolds(pool, batch),
      BOUNDS,
      ({ record }) => weightOf(record),
    );
  }

  hold(request: HoldRequest): Promise<HoldGrant | HoldRefusal> {
    return this.holds.run(request);
  }

  async markSent(holdId: string): Promise<boolean> {
    const { rowCount } = await this.database.pool.query({
      name: 'mark_sent',
      text: 'UPDATE holds SET sent = true WHERE id = $1',
      values: [holdId],
    });
    return rowCount === 1;
  }

  settle(settlement: SignedSettlement): Promise<SettlementResult> {
    return this.settlements.run(settlement);
  }

  async settleAbandoned(settlement: SignedSettlement): Promise<SettlementResult> {
    const [result] = await settleHolds(this.database.pool, [settlement], { sweep: true });
    if (!result) throw new Error('the settlement gave no answer');
    return result;
  }

  async release(release: Release): Promise<void> {
    await this.releases.run(release);
  }
}
