import { Injectable } from '@nestjs/common';
import type { Pool } from 'pg';
import type { JsonObject } from '../../base/json.js';
import type { RecordEnd, RecordStart } from '../../payments/call-record.js';
import type { CallOrigin } from '../../payments/charged-work.js';
import { ProcessIdentity } from '../../payments/lease-keeper.js';
import type { OutputItem } from '../../responses/domain/item.js';
import { toObject } from '../../responses/domain/response-json.js';
import type { ResponseEvent } from '../../responses/domain/response-event.js';
import type { ResponseStatus } from '../../responses/domain/status.js';
import { shownItem } from '../../responses/domain/upstream-fields.js';
import type { ResponseEnvelope } from '../../responses/domain/response.js';
import {
  ResponseStore,
  type ContextQuery,
  type ItemPage,
  type ItemPageRequest,
  type LeftBehind,
  type StoredContext,
  type StoredResponse,
} from '../../responses/response-store.js';
import type { Payer } from '../../payments/payer.js';
import { callerBy } from '../caller.js';
import { columnText } from '../column-text.js';
import { Database } from '../database.js';
import { PATIENTLY } from '../lock-wait.js';
import { laneOf, RowStatements } from '../row-statements.js';
import { finishingRecords } from '../records/finish-records.js';
import { StorageRoom } from '../storage-room.js';
import { endColumns, weightOf, type EndForm } from '../records/record-columns.js';
import { StatementForms } from '../named-statement.js';
import { readContext } from './context-query.js';
import { eraseResponse } from './erase-response.js';
import { keepResponse } from './keep-response.js';
import { RECEIPT_COLUMNS, storedReceipt, type ReceiptRow } from './stored-receipt.js';

export interface ResponseRow extends ReceiptRow {
  readonly envelope: ResponseEnvelope;
  readonly status: ResponseStatus;
  readonly is_logged: boolean;
  readonly output: readonly OutputItem[] | null;
}

export interface LeftBehindRow {
  readonly envelope: ResponseEnvelope;
  readonly events: readonly ResponseEvent[] | null;
}

const OUTPUT = `(SELECT json_agg(i.item ORDER BY i.position) FROM response_items i
  WHERE i.response_id = r.id AND i.direction = 1) AS output`;

const LOGGED = `(r.streamed AND r.background AND (r.finished_at IS NULL OR EXISTS (
  SELECT FROM response_events v WHERE v.response_id = r.id))) AS is_logged`;

const EVENTS = `(SELECT json_agg(v.event ORDER BY v.sequence_number) FROM response_events v
  WHERE v.response_id = r.id) AS events`;

const FINISH = new StatementForms<EndForm>('finish_record', (form) =>
  finishingRecords(`SELECT 1 AS ordinal, 'settled' AS outcome`, form),
);

/** Content is `json`, never `jsonb` or `text`: what clients and models write may hold NUL and lone surrogates. */
@Injectable()
export class PostgresResponseStore extends ResponseStore {
  protected readonly pool: Pool;
  private readonly rows: RowStatements;

  constructor(
    { pool }: Database,
    protected readonly identity: ProcessIdentity,
    protected readonly room: StorageRoom,
  ) {
    super();
    this.pool = pool;
    this.rows = new RowStatements(pool);
  }

  readContext(query: ContextQuery): Promise<StoredContext> {
    return readContext(this.pool, query);
  }

  async toolsOf(payer: Payer, id: string): Promise<readonly JsonObject[]> {
    const { rows } = await this.pool.query<{ tools: readonly JsonObject[] | null }>({
      name: 'tools_of_response',
      text: `WITH ${callerBy('$1')} SELECT r.envelope -> 'tools' AS tools
             FROM responses r JOIN caller c ON c.account_id = r.account_id
             WHERE r.id = $2 AND r.deleted_at IS NULL`,
      values: [payer.hash, columnText(id)],
    });
    return rows[0]?.tools ?? [];
  }

  async find(accountId: string, id: string): Promise<StoredResponse | undefined> {
    const { rows } = await this.pool.query<ResponseRow>({
      name: 'find_response',
      text: `SELECT r.account_id, r.envelope, r.status, ${LOGGED}, ${OUTPUT}, ${RECEIPT_COLUMNS}
             FROM responses r LEFT JOIN receipts t ON t.hold_id = r.hold_id
             WHERE r.id = $1 AND r.account_id = $2 AND r.deleted_at IS NULL`,
      values: [columnText(id), accountId],
    });
    const [row] = rows;
    if (!row) return undefined;
    // A run that has not ended still has the envelope of its beginning.
    const object = toObject({ ...row.envelope, status: row.status }, (row.output ?? []).map(shownItem));
    return { object, receipt: storedReceipt(row, id), isLogged: row.is_logged };
  }

  async keep(origin: CallOrigin, start: RecordStart, end: RecordEnd): Promise<void> {
    await this.room.require({ payer: origin.payer }, weightOf(start));
    return keepResponse(this.pool, this.identity.id, origin, start, end);
  }

  async status(accountId: string, id: string): Promise<ResponseStatus | undefined> {
    const { rows } = await this.pool.query<{ status: ResponseStatus }>({
      name: 'response_status',
      text: 'SELECT status FROM responses WHERE id = $1 AND account_id = $2 AND deleted_at IS NULL',
      values: [columnText(id), accountId],
    });
    return rows[0]?.status;
  }

  async inputItems(
    accountId: string,
    id: string,
    { limit, order, after }: ItemPageRequest,
  ): Promise<ItemPage | undefined> {
    const [beyond, direction] = order === 'asc' ? ['>', 'ASC'] : ['<', 'DESC'];
    const { rows } = await this.pool.query<{ item: JsonObject | null }>(
      `SELECT i.item FROM responses r
       LEFT JOIN LATERAL (
         SELECT item, position FROM response_items
         WHERE response_id = r.id AND direction = 0 AND ($3::text IS NULL OR position ${beyond} (
           SELECT position FROM response_items WHERE response_id = r.id AND direction = 0 AND item_id = $3 LIMIT 1))
         ORDER BY position ${direction} LIMIT $4) AS i ON true
       WHERE r.id = $1 AND r.account_id = $2 AND r.deleted_at IS NULL
       ORDER BY i.position ${direction}`,
      [columnText(id), accountId, after === undefined ? null : columnText(after), limit + 1],
    );
    if (rows.length === 0) return undefined;
    const items = rows.flatMap(({ item }) => (item === null ? [] : [shownItem(item)]));
    return { items: items.slice(0, limit), hasMore: items.length > limit };
  }

  async requestCancel(accountId: string, id: string): Promise<void> {
    await this.rows.query(
      laneOf(accountId, id),
      `UPDATE responses SET cancel_requested_at = coalesce(cancel_requested_at, now())
       WHERE ${PATIENTLY} AND id = $1 AND account_id = $2 AND finished_at IS NULL`,
      [columnText(id), accountId],
    );
  }

  async cancelRequested(ids: readonly string[]): Promise<readonly string[]> {
    const { rows } = await this.pool.query<{ id: string }>({
      name: 'cancel_requested',
      text: 'SELECT id FROM responses WHERE id = ANY ($1) AND cancel_requested_at IS NOT NULL',
      values: [ids],
    });
    return rows.map(({ id }) => id);
  }

  erase(accountId: string, id: string): Promise<boolean> {
    return eraseResponse(this.rows, { accountId, id, onlyChat: false });
  }

  async leftBehind(limit: number): Promise<readonly LeftBehind[]> {
    const { rows } = await this.pool.query<LeftBehindRow>(
      `SELECT r.envelope, ${EVENTS} FROM responses r
       WHERE r.finished_at IS NULL AND r.envelope IS NOT NULL
         AND NOT EXISTS (SELECT FROM holds h WHERE h.id = r.hold_id)
       ORDER BY r.hold_id LIMIT $1`,
      [limit],
    );
    return rows.map(({ envelope, events }) => ({ object: toObject(envelope, []), events: events ?? [] }));
  }

  async finishLeftBehind(end: RecordEnd): Promise<void> {
    const { form, values } = endColumns([{ record: end }]);
    await this.pool.query(FINISH.of(form).with(values));
  }
}
