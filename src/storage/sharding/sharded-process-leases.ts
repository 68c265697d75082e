import { Injectable } from '@nestjs/common';
import { PostgresProcessLeases } from '../postgres-process-leases.js';

@Injectable()
export class ShardedProcessLeases extends PostgresProcessLeases {
  protected override readonly runsAgain = 'sharded.can_run_again(h.account_id, h.response_id, h.id)';
}
