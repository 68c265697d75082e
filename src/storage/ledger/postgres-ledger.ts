import { Injectable } from '@nestjs/common';
import { ProcessIdentity } from '../../payments/lease-keeper.js';
import {
  Ledger,
  type HoldGrant,
  type HoldRefusal,
  type HoldRequest,
  type Settlement,
  type SettlementResult,
} from '../../payments/ledger.js';
import { Database } from '../database.js';
import { GroupCommit } from '../group-commit.js';
import { takeHolds } from './hold-statement.js';
import { settleHolds } from './settle-statement.js';

/** Rows of one statement, and calls that may wait for the next one. */
const BOUNDS = { rows: 128, waiting: 10_000 };

@Injectable()
export class PostgresLedger extends Ledger {
  private readonly holds: GroupCommit<HoldRequest, HoldGrant | HoldRefusal>;
  private readonly settlements: GroupCommit<Settlement, SettlementResult>;
  private readonly releases: GroupCommit<{ holdId: string; keyId: string }, true>;

  constructor(
    private readonly database: Database,
    identity: ProcessIdentity,
  ) {
    super();
    const { pool } = database;
    this.holds = new GroupCommit((batch, options) => takeHolds(pool, identity.id, batch, options), BOUNDS);
    this.settlements = new GroupCommit((batch) => settleHolds(pool, batch, { sweep: false }), BOUNDS);
    this.releases = new GroupCommit(async (batch) => {
      await pool.query({
        name: 'release_holds',
        text: 'SELECT release_holds($1, $2)',
        values: [batch.map(({ holdId }) => holdId), batch.map(({ keyId }) => keyId)],
      });
      return batch.map(() => true as const);
    }, BOUNDS);
  }

  hold(request: HoldRequest): Promise<HoldGrant | HoldRefusal> {
    return this.holds.run(request);
  }

  settle(settlement: Settlement): Promise<SettlementResult> {
    return this.settlements.run(settlement);
  }

  async settleAbandoned(settlement: Settlement): Promise<SettlementResult> {
    const [result] = await settleHolds(this.database.pool, [settlement], { sweep: true });
    if (!result) throw new Error('the settlement gave no answer');
    return result;
  }

  async release(holdId: string, keyId: string): Promise<void> {
    await this.releases.run({ holdId, keyId });
  }
}
