import { Injectable } from '@nestjs/common';
import type { RecordEvent } from '../../payments/call-record.js';
import type { ProcessIdentity } from '../../payments/lease-keeper.js';
import type { HoldGrant } from '../../payments/ledger.js';
import type { Adoptable } from '../../responses/background/background-store.js';
import type { Database } from '../database.js';
import {
  adoptableOf,
  eventOf,
  grantOf,
  PostgresBackgroundStore,
  type AdoptableRow,
  type AdoptedRow,
  type EventRow,
} from '../responses/postgres-background-store.js';
import { KnownAccounts } from './known-accounts.js';

@Injectable()
export class ShardedBackgroundStore extends PostgresBackgroundStore {
  private readonly owners: KnownAccounts;

  constructor(database: Database, identity: ProcessIdentity) {
    super(database, identity);
    this.owners = new KnownAccounts(database.pool, 'responses.id');
  }

  override async markStarted(responseId: string): Promise<void> {
    await this.pool.query({
      name: 'mark_started_sharded',
      text: `UPDATE responses SET status = 'in_progress', runs = 1
             WHERE account_id = $2 AND id = $1 AND status = 'queued'`,
      values: [responseId, await this.owners.of(responseId)],
    });
  }

  override async appendEvents(responseId: string, events: readonly RecordEvent[]): Promise<void> {
    const owner = await this.owners.of(responseId);
    if (owner === undefined) return;
    await this.pool.query({
      name: 'append_events_sharded',
      text: 'SELECT sharded.log_events($1, $2, $3, $4, $5, $6)',
      values: [
        owner,
        responseId,
        this.identity.id,
        events.map(({ sequenceNumber }) => sequenceNumber),
        events.map(({ type }) => type),
        events.map(({ json }) => json),
      ],
    });
  }

  override async eventsAfter(
    accountId: string,
    responseId: string,
    sequenceNumber: number,
    limit: number,
  ): Promise<readonly RecordEvent[]> {
    const { rows } = await this.pool.query<EventRow>({
      name: 'events_after_sharded',
      text: `SELECT v.sequence_number, v.type, v.event::text AS event
             FROM responses r JOIN response_events v ON v.account_id = r.account_id AND v.response_id = r.id
             WHERE r.id = $1 AND r.account_id = $2 AND r.deleted_at IS NULL AND v.sequence_number > $3
             ORDER BY v.sequence_number LIMIT $4`,
      values: [responseId, accountId, sequenceNumber, limit],
    });
    return rows.map(eventOf);
  }

  override async adoptable(limit: number): Promise<readonly Adoptable[]> {
    const { rows } = await this.pool.query<AdoptableRow>('SELECT * FROM sharded.adoptable($1)', [limit]);
    return rows.map(adoptableOf);
  }

  override async adopt({ holdId }: Adoptable, isRepeated: boolean): Promise<HoldGrant | undefined> {
    const { rows } = await this.pool.query<AdoptedRow>('SELECT * FROM sharded.adopt($1, $2, $3)', [
      holdId,
      this.identity.id,
      isRepeated,
    ]);
    const [row] = rows;
    return row && grantOf(row);
  }

  override async giveUp(responseId: string): Promise<void> {
    await this.pool.query(
      'UPDATE responses SET request = NULL WHERE account_id = $2 AND id = $1 AND finished_at IS NULL',
      [responseId, await this.owners.of(responseId)],
    );
  }
}
