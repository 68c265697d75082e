import { Injectable } from '@nestjs/common';
import { GatewayError } from '../../base/errors/gateway-error.js';
import { newId } from '../../base/ids.js';
import type { JsonObject } from '../../base/json.js';
import type { RecordEnd, RecordStart } from '../../payments/call-record.js';
import type { CallOrigin } from '../../payments/charged-work.js';
import type { ProcessIdentity } from '../../payments/lease-keeper.js';
import type { Payer } from '../../payments/payer.js';
import { toObject } from '../../responses/domain/response-json.js';
import { isTerminal } from '../../responses/domain/status.js';
import { shownItem } from '../../responses/domain/upstream-fields.js';
import {
  MAX_CONTEXT_BYTES,
  MAX_CONTEXT_ITEMS,
  type ContextQuery,
  type ItemPage,
  type ItemPageRequest,
  type LeftBehind,
  type StoredContext,
  type StoredResponse,
} from '../../responses/response-store.js';
import { callerBy } from '../caller.js';
import { columnText } from '../column-text.js';
import type { Database } from '../database.js';
import { StatementForms } from '../named-statement.js';
import { endColumns, ROW_BYTES, startBytes, weightOf, type EndForm } from '../records/record-columns.js';
import {
  bytesUpTo,
  CONTEXT_ROWS,
  contextOf,
  contextValues,
  type ContextRow,
} from '../responses/context-query.js';
import {
  PostgresResponseStore,
  type LeftBehindRow,
  type ResponseRow,
} from '../responses/postgres-response-store.js';
import { RECEIPT_COLUMNS, storedReceipt } from '../responses/stored-receipt.js';
import type { StorageRoom } from '../storage-room.js';
import { KnownAccounts } from './known-accounts.js';
import { finishingSharded, SETTLED_ACCOUNTS } from './record-parts.js';

const FINISH = new StatementForms<EndForm>('finish_record_sharded', (form) =>
  finishingSharded(`SELECT 1 AS ordinal, 'settled' AS outcome`, form, {
    accounts: SETTLED_ACCOUNTS,
    before: [],
  }),
);

/** Responses on the shards of their accounts. What a key may see is looked up on the coordinator, in the same statement. */
@Injectable()
export class ShardedResponseStore extends PostgresResponseStore {
  private readonly owners: KnownAccounts;

  constructor(database: Database, identity: ProcessIdentity, room: StorageRoom) {
    super(database, identity, room);
    this.owners = new KnownAccounts(database.pool, 'responses.id');
  }

  override async readContext(query: ContextQuery): Promise<StoredContext> {
    const { rows } = await this.pool.query<ContextRow>({
      name: 'read_context_sharded',
      text: `WITH ${callerBy('$1')},
             found AS MATERIALIZED (
               SELECT x.* FROM caller c CROSS JOIN LATERAL sharded.read_context(
                 c.account_id, $2, $4, $3, ${MAX_CONTEXT_BYTES}, ${MAX_CONTEXT_ITEMS}) WITH ORDINALITY AS x),
             parent AS (SELECT status FROM found WHERE kind = 'parent'),
             conversation AS (SELECT FROM found WHERE kind = 'conversation'),
             history AS MATERIALIZED (
               SELECT item, depth = 0 AND direction = 1 AS is_output, ${bytesUpTo('ordinality')} AS byte_end
               FROM found WHERE kind = 'history'),
             named AS MATERIALIZED (
               SELECT item_id, item, ${bytesUpTo('ordinality')} AS byte_end FROM found WHERE kind = 'item'),
             size AS (SELECT coalesce(bool_or(is_too_large), false) AS is_too_large FROM found),
             ${CONTEXT_ROWS}`,
      values: contextValues(query),
    });
    return contextOf(rows, query.itemIds);
  }

  override async toolsOf(payer: Payer, id: string): Promise<readonly JsonObject[]> {
    const { rows } = await this.pool.query<{ tools: readonly JsonObject[] | null }>({
      name: 'tools_of_response_sharded',
      text: `WITH ${callerBy('$1')} SELECT sharded.tools_of(c.account_id, $2) AS tools FROM caller c`,
      values: [payer.hash, columnText(id)],
    });
    return rows[0]?.tools ?? [];
  }

  /**
   * A receipt is read as of the statement's beginning, its response a moment later, on another server: a response may
   * have ended in between. Its receipt is there then.
   */
  override async find(accountId: string, id: string): Promise<StoredResponse | undefined> {
    const found = await this.row(accountId, id);
    const isHalf = found?.receipt_id === null && isTerminal(found.status);
    const row = isHalf ? await this.row(accountId, id) : found;
    if (!row) return undefined;
    const object = toObject({ ...row.envelope, status: row.status }, (row.output ?? []).map(shownItem));
    return { object, receipt: storedReceipt(row, id), isLogged: row.is_logged };
  }

  private async row(accountId: string, id: string): Promise<ResponseRow | undefined> {
    const { rows } = await this.pool.query<ResponseRow>({
      name: 'find_response_sharded',
      text: `SELECT r.account_id, r.envelope, r.status, r.is_logged, r.output, ${RECEIPT_COLUMNS}
             FROM sharded.find_response($2, $1) AS r LEFT JOIN receipts t ON t.hold_id = r.hold_id`,
      values: [columnText(id), accountId],
    });
    return rows[0];
  }

  override async keep({ payer, requestId }: CallOrigin, start: RecordStart, end: RecordEnd): Promise<void> {
    await this.room.require({ payer }, weightOf(start));
    const { rowCount } = await this.pool.query(
      `WITH ${callerBy('$1')}
       SELECT sharded.keep_response(c.account_id, c.id, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) FROM caller c`,
      [
        payer.hash,
        start.responseId,
        end.status,
        start.model,
        start.previousResponseId ?? null,
        newId('hold'),
        requestId,
        this.identity.id,
        end.envelopeJson,
        new Date(start.createdAtMs),
        start.input.map(({ id }) => columnText(id)),
        start.input.map(({ json }) => json),
        startBytes(start) + Buffer.byteLength(end.envelopeJson),
      ],
    );
    if (rowCount === 0) throw new GatewayError('invalid_api_key');
  }

  override async inputItems(
    accountId: string,
    id: string,
    { limit, order, after }: ItemPageRequest,
  ): Promise<ItemPage | undefined> {
    if ((await this.status(accountId, id)) === undefined) return undefined;
    const [beyond, direction] = order === 'asc' ? ['>', 'ASC'] : ['<', 'DESC'];
    const ofResponse = 'account_id = $2 AND response_id = $1 AND direction = 0';
    const { rows } = await this.pool.query<{ item: JsonObject }>(
      `SELECT item FROM response_items WHERE ${ofResponse} AND ($3::text IS NULL OR position ${beyond} (
         SELECT position FROM response_items WHERE ${ofResponse} AND item_id = $3 LIMIT 1))
       ORDER BY position ${direction} LIMIT $4`,
      [columnText(id), accountId, after === undefined ? null : columnText(after), limit + 1],
    );
    const items = rows.map(({ item }) => shownItem(item));
    return { items: items.slice(0, limit), hasMore: items.length > limit };
  }

  override async requestCancel(accountId: string, id: string): Promise<void> {
    await this.pool.query('SELECT sharded.request_cancel($1, $2)', [accountId, columnText(id)]);
  }

  override async cancelRequested(ids: readonly string[]): Promise<readonly string[]> {
    const { rows } = await this.pool.query<{ id: string }>({
      name: 'cancel_requested_sharded',
      text: 'SELECT c.response_id AS id FROM sharded.cancellations c WHERE c.response_id = ANY ($1)',
      values: [ids],
    });
    return rows.map(({ id }) => id);
  }

  override async erase(accountId: string, id: string): Promise<boolean> {
    const { rows } = await this.pool.query<{ erased: boolean }>(
      `SELECT sharded.erase_response($1, $2, false, ${ROW_BYTES}) AS erased`,
      [accountId, columnText(id)],
    );
    return rows[0]?.erased === true;
  }

  override async leftBehind(limit: number): Promise<readonly LeftBehind[]> {
    const { rows } = await this.pool.query<LeftBehindRow>('SELECT * FROM sharded.left_behind($1)', [limit]);
    return rows.map(({ envelope, events }) => ({ object: toObject(envelope, []), events: events ?? [] }));
  }

  override async finishLeftBehind(end: RecordEnd): Promise<void> {
    const owner = await this.owners.of(end.responseId);
    if (owner === undefined) return;
    const { form, values } = endColumns([{ record: end }]);
    await this.pool.query(FINISH.of(form).with({ ...values, contentAccounts: [owner] }));
  }
}
