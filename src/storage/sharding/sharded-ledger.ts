import { Injectable } from '@nestjs/common';
import { PostgresLedger } from '../ledger/postgres-ledger.js';

/** The ledger of a coordinator: money stays there, and the content that is written with it goes to the account's shard. */
@Injectable()
export class ShardedLedger extends PostgresLedger {
  protected override readonly sharded = true;
}
