import { Injectable } from '@nestjs/common';
import type { Metadata } from '../../chat/stored/chat-completion-store.js';
import type { JsonObject } from '../../base/json.js';
import { columnText } from '../column-text.js';
import { PostgresChatCompletionStore, type CompletionRow } from '../chat/postgres-chat-completion-store.js';
import { pairText } from '../records/metadata-pairs.js';
import { ROW_BYTES } from '../records/record-columns.js';
import { RECEIPT_COLUMNS, type ReceiptRow } from '../responses/stored-receipt.js';

type WithoutReceipt = Omit<CompletionRow, keyof ReceiptRow> & {
  readonly account_id: string;
  readonly hold_id: string;
};

/** Completions on the shards of their accounts; their receipts are on the coordinator. */
@Injectable()
export class ShardedChatCompletionStore extends PostgresChatCompletionStore {
  override async setMetadata(accountId: string, id: string, metadata: Metadata): Promise<boolean> {
    const key = [accountId, columnText(id)];
    const { rows } = await this.pool.query<{ envelope: JsonObject }>(
      'SELECT envelope FROM responses WHERE account_id = $1 AND id = $2 AND chat IS NOT NULL',
      key,
    );
    const [row] = rows;
    if (!row) return false;
    const written = await this.pool.query<{ done: boolean }>(
      'SELECT sharded.set_chat_metadata($1, $2, $3, $4) AS done',
      [...key, Object.entries(metadata).map(pairText), JSON.stringify({ ...row.envelope, metadata })],
    );
    return written.rows[0]?.done === true;
  }

  override async erase(accountId: string, id: string): Promise<boolean> {
    const { rows } = await this.pool.query<{ erased: boolean }>(
      `SELECT sharded.erase_response($1, $2, true, ${ROW_BYTES}) AS erased`,
      [accountId, columnText(id)],
    );
    return rows[0]?.erased === true;
  }

  protected override async completions(
    from: string,
    order: string,
    values: readonly unknown[],
  ): Promise<readonly CompletionRow[]> {
    const { rows } = await this.pool.query<WithoutReceipt>(
      `SELECT r.id, r.account_id, r.hold_id, r.chat, r.chat_metadata, r.found FROM ${from} ${order}`,
      [...values],
    );
    const receipts = await this.pool.query<ReceiptRow & { readonly hold_id: string }>(
      `SELECT t.hold_id, ${RECEIPT_COLUMNS} FROM receipts t WHERE t.hold_id = ANY ($1)`,
      [rows.map((row) => row.hold_id)],
    );
    const byHold = new Map(receipts.rows.map((receipt) => [receipt.hold_id, receipt]));
    // Without a receipt `receipt_id` alone is read.
    return rows.map((row) => ({ ...row, receipt_id: null, ...byHold.get(row.hold_id) }) as CompletionRow);
  }
}
