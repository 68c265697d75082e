import { Injectable } from '@nestjs/common';
import type { Pool } from 'pg';
import {
  ChatCompletionStore,
  type CompletionPage,
  type CompletionPageRequest,
  type Metadata,
  type StoredCompletion,
} from '../../chat/stored/chat-completion-store.js';
import type { JsonObject } from '../../base/json.js';
import { columnText } from '../column-text.js';
import { Database } from '../database.js';
import { PATIENTLY } from '../lock-wait.js';
import { laneOf, RowStatements } from '../row-statements.js';
import { withinPage } from '../within-page.js';
import { fromPairTexts, pairText } from '../records/metadata-pairs.js';
import { eraseResponse } from '../responses/erase-response.js';
import { RECEIPT_COLUMNS, storedReceipt, type ReceiptRow } from '../responses/stored-receipt.js';

export interface CompletionRow extends ReceiptRow {
  /** Rows of the whole page, where it is one. */
  readonly found?: string;
  readonly id: string;
  readonly chat: { readonly completion: JsonObject; readonly messages: readonly JsonObject[] };
  readonly chat_metadata: readonly string[];
}

const COLUMNS = `r.id, r.account_id, r.chat, r.chat_metadata, ${RECEIPT_COLUMNS}`;
const WITH_RECEIPT = 'LEFT JOIN receipts t ON t.hold_id = r.hold_id';

/** A stored completion is a response with a completion beside it. */
@Injectable()
export class PostgresChatCompletionStore extends ChatCompletionStore {
  protected readonly pool: Pool;
  private readonly rows: RowStatements;

  constructor({ pool }: Database) {
    super();
    this.pool = pool;
    this.rows = new RowStatements(pool);
  }

  async find(accountId: string, id: string): Promise<StoredCompletion | undefined> {
    const rows = await this.completions(
      `(SELECT r.*, 1 AS found FROM responses r WHERE r.id = $1 AND r.account_id = $2 AND r.chat IS NOT NULL) AS r`,
      '',
      [columnText(id), accountId],
    );
    return rows.map(completionOf)[0];
  }

  async page(accountId: string, request: CompletionPageRequest): Promise<CompletionPage> {
    const { limit, order, after, model, metadata } = request;
    const [beyond, direction] = order === 'asc' ? ['>', 'ASC'] : ['<', 'DESC'];
    const sorting = `created_at ${direction}, finished_at ${direction}, id ${direction}`;
    const page = `SELECT r.* FROM responses r
       WHERE r.account_id = $1 AND r.chat IS NOT NULL
         AND ($2::text IS NULL OR (r.created_at, r.finished_at, r.id) ${beyond} (
           SELECT a.created_at, a.finished_at, a.id FROM responses a
           WHERE a.id = $2 AND a.account_id = $1 AND a.chat IS NOT NULL))
         AND ($3::text IS NULL OR r.model = $3)
         AND r.chat_metadata @> $4::text[]
       ORDER BY ${sorting} LIMIT $5`;
    const rows = await this.completions(
      `(${withinPage(page, 'chat', sorting)}) AS r`,
      `ORDER BY r.created_at ${direction}, r.finished_at ${direction}, r.id ${direction}`,
      [
        accountId,
        after === undefined ? null : columnText(after),
        model === undefined ? null : columnText(model),
        metadata.map(pairText),
        limit + 1,
      ],
    );
    const completions = rows.slice(0, limit).map(completionOf);
    return { completions, hasMore: Number(rows[0]?.found ?? 0) > completions.length };
  }

  async setMetadata(accountId: string, id: string, metadata: Metadata): Promise<boolean> {
    const key = [columnText(id), accountId];
    const { rows } = await this.pool.query<{ envelope: JsonObject }>(
      'SELECT envelope FROM responses WHERE id = $1 AND account_id = $2 AND chat IS NOT NULL',
      key,
    );
    const [row] = rows;
    if (!row) return false;
    const { rowCount } = await this.rows.query(
      laneOf(accountId, id),
      `UPDATE responses SET chat_metadata = $3, envelope = $4::text::json, last_used_at = now(),
              stored_bytes = stored_bytes + octet_length($4::text) - octet_length(envelope::text)
       WHERE ${PATIENTLY} AND id = $1 AND account_id = $2 AND chat IS NOT NULL`,
      [...key, Object.entries(metadata).map(pairText), JSON.stringify({ ...row.envelope, metadata })],
    );
    return rowCount === 1;
  }

  async erase(accountId: string, id: string): Promise<boolean> {
    return eraseResponse(this.rows, { accountId, id, onlyChat: true });
  }

  /**
   * Completions with their receipts.
   *
   * @param from a table expression `r` of responses
   */
  protected async completions(
    from: string,
    order: string,
    values: readonly unknown[],
  ): Promise<readonly CompletionRow[]> {
    const { rows } = await this.pool.query<CompletionRow>(
      `SELECT ${COLUMNS}, r.found FROM ${from} ${WITH_RECEIPT} ${order}`,
      [...values],
    );
    return rows;
  }
}

function completionOf(row: CompletionRow): StoredCompletion {
  return {
    ...row.chat,
    metadata: fromPairTexts(row.chat_metadata),
    receipt: storedReceipt(row, row.id),
  };
}
