import { Injectable } from '@nestjs/common';
import { PATIENCE } from '../lock-wait.js';
import { NamedStatement } from '../named-statement.js';
import { ROW_BYTES } from '../records/record-columns.js';
import { eraseVideo, type PaidContent } from '../x402/complete-payment.js';
import { PostgresPaymentStore } from '../x402/postgres-payment-store.js';

/** A wallet's payments are on the coordinator, what they bought is on the shard of its account. */
const ON_SHARDS: PaidContent = {
  change: new NamedStatement(
    'complete_payment_receipt_sharded',
    `SELECT complete_x402_receipt(CASE WHEN patience.set THEN $id END, $signature),
       sharded.change_answer($accountId, $holdId, $oldFrame, $newFrame, $oldBody, $newBody, $oldHeader, $newHeader,
         jsonb_build_object('whole', $told::jsonb, 'stream', CASE WHEN $isByUse THEN '{}' ELSE $told::jsonb END))
     FROM ${PATIENCE}`,
  ),
  async erase(database, { accountId, responseId, holdId }) {
    if (responseId !== undefined) {
      await database.query(`SELECT sharded.erase_response($1, $2, false, ${ROW_BYTES})`, [
        accountId,
        responseId,
      ]);
    }
    await database.query('SELECT sharded.forget_once($1, $2, true)', [accountId, holdId]);
    await eraseVideo(database, holdId);
  },
};

@Injectable()
export class ShardedPaymentStore extends PostgresPaymentStore {
  protected override readonly content = ON_SHARDS;
}
