import { Injectable } from '@nestjs/common';
import { ProcessIdentity } from '../../payments/lease-keeper.js';
import {
  Ledger,
  UnwritableError,
  type HoldGrant,
  type HoldRefusal,
  type HoldRequest,
  type Release,
  type SignedSettlement,
  type SettlementResult,
} from '../../payments/ledger.js';
import { Database } from '../database.js';
import { isUnwritable } from '../database-failure.js';
import { GroupCommit } from '../group-commit.js';
import { whileLocked } from '../lock-wait.js';
import { weightOf } from '../records/record-columns.js';
import { StorageRoom } from '../storage-room.js';
import { takeHolds } from './hold-statement.js';
import { releaseHolds } from './release-statement.js';
import { settleHolds } from './settle-statement.js';

/** Rows and bytes of stored content in one statement; calls that wait for the next one, or for one locked key. */
const BOUNDS = { rows: 128, bytes: 8 * 1024 * 1024, waiting: 10_000, locked: 1_000 };

@Injectable()
export class PostgresLedger extends Ledger {
  /** Where the records of stored calls, and the answers to those that run once, are. */
  protected readonly sharded: boolean = false;
  private readonly holds: GroupCommit<HoldRequest, HoldGrant | HoldRefusal>;
  private readonly settlements: GroupCommit<SignedSettlement, SettlementResult>;
  private readonly releases: GroupCommit<Release, true>;

  constructor(
    private readonly database: Database,
    private readonly identity: ProcessIdentity,
    private readonly room: StorageRoom,
  ) {
    super();
    const { pool } = database;
    this.holds = new GroupCommit<HoldRequest, HoldGrant | HoldRefusal>(
      (batch, options) =>
        takeHolds(pool, identity.id, batch, {
          ...options,
          maxStoredBytes: room.maxBytes,
          sharded: this.sharded,
        }),
      BOUNDS,
      ({ payer }) => payer.id,
      ({ record, once }) => weightOf(record, once?.accepted),
    );
    this.settlements = new GroupCommit<SignedSettlement, SettlementResult>(
      (batch, { lockWait }) => settleHolds(pool, batch, { sweep: false, lockWait, sharded: this.sharded }),
      BOUNDS,
      ({ keyId }) => keyId,
      ({ record, answer }) => weightOf(record, answer),
    );
    this.releases = new GroupCommit<Release, true>(
      (batch, options) => releaseHolds(pool, batch, { ...options, sharded: this.sharded }),
      BOUNDS,
      ({ keyId }) => keyId,
      ({ record }) => weightOf(record),
    );
  }

  hold(request: HoldRequest): Promise<HoldGrant | HoldRefusal> {
    return request.payment ? this.holdForWallet(request) : this.holds.run(request);
  }

  /** Each wallet has its own row, and few calls at a time: a batch would gain nothing. */
  private async holdForWallet(request: HoldRequest): Promise<HoldGrant | HoldRefusal> {
    const { id } = this.identity;
    const { maxBytes: maxStoredBytes } = this.room;
    const [answer] = await whileLocked((lockWait) =>
      takeHolds(this.database.pool, id, [request], {
        retry: true,
        lockWait,
        maxStoredBytes,
        sharded: this.sharded,
      }),
    );
    if (!answer) throw new Error('the hold gave no answer');
    return answer;
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
    return this.settlements.run(settlement).catch(rethrown);
  }

  async settleAbandoned(settlement: SignedSettlement): Promise<SettlementResult> {
    const [result] = await whileLocked((lockWait) =>
      settleHolds(this.database.pool, [settlement], { sweep: true, lockWait, sharded: this.sharded }),
    );
    if (!result) throw new Error('the settlement gave no answer');
    return result;
  }

  async release(release: Release): Promise<void> {
    await this.releases.run(release).catch(rethrown);
  }
}

function rethrown(failure: unknown): never {
  throw isUnwritable(failure)
    ? new UnwritableError('the database does not take what was to be written', { cause: failure })
    : failure;
}
