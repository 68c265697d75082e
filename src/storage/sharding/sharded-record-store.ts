import { Injectable } from '@nestjs/common';
import type { RecordPage, RecordPageRequest, ResponseRow } from '../../admin/record-store.js';
import { inTime, PostgresRecordStore, RESPONSES } from '../admin/postgres-record-store.js';

const WITHOUT_AMOUNT = {
  ...RESPONSES,
  view: 'sharded.responses',
  columns: RESPONSES.columns.replace('final_amount', 'hold_id'),
};

/** Lists for operators: the page from the shards, and what was paid for it from the coordinator. */
@Injectable()
export class ShardedRecordStore extends PostgresRecordStore {
  override async responses(request: RecordPageRequest): Promise<RecordPage<ResponseRow> | undefined> {
    const page = await inTime(
      this.page<Omit<ResponseRow, 'final_amount'> & { readonly hold_id: string }>(WITHOUT_AMOUNT, request),
    );
    if (!page) return undefined;
    const { rows } = await this.pool.query<{ hold_id: string; final_amount: string }>(
      'SELECT hold_id, final_amount FROM receipts WHERE hold_id = ANY ($1)',
      [page.rows.map((row) => row.hold_id)],
    );
    const paid = new Map(rows.map((row) => [row.hold_id, row.final_amount]));
    return {
      ...page,
      rows: page.rows.map(({ hold_id, ...row }) => ({ ...row, final_amount: paid.get(hold_id) ?? null })),
    };
  }
}
