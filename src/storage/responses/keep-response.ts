import type { Pool } from 'pg';
import { GatewayError } from '../../base/errors/gateway-error.js';
import { newId } from '../../base/ids.js';
import type { RecordEnd, RecordStart } from '../../payments/call-record.js';
import type { CallOrigin } from '../../payments/charged-work.js';
import { noteStored } from '../records/note-stored.js';
import { startBytes } from '../records/record-columns.js';
import { callerBy } from '../caller.js';
import { columnText } from '../column-text.js';

/** Writes a record and its input in one statement, without a hold: the record has ended when it is written. */
const TEXT = `
WITH ${callerBy('$1')},
kept AS (
  INSERT INTO responses (id, account_id, status, model, previous_response_id, background, streamed,
                         hold_id, key_id, request_id, process_id, envelope, created_at, finished_at, stored_bytes)
  SELECT $2, c.account_id, $3, $4, $5, false, true, $6, c.id, $7, $8, $9::json, $10, now(), $13
  FROM caller c RETURNING id, account_id, stored_bytes AS bytes),
stored AS (
  ${noteStored('kept f')}),
items AS (
  INSERT INTO response_items (response_id, direction, position, account_id, item_id, item)
  SELECT k.id, 0, i.place - 1, k.account_id, i.item_id, i.item::json
  FROM kept k, unnest($11::text[], $12::text[]) WITH ORDINALITY AS i (item_id, item, place))
SELECT id FROM kept`;

/** @throws GatewayError invalid_api_key */
export async function keepResponse(
  pool: Pool,
  processId: string,
  { payer, requestId }: CallOrigin,
  start: RecordStart,
  { status, envelopeJson }: RecordEnd,
): Promise<void> {
  const { rowCount } = await pool.query(TEXT, [
    payer.hash,
    start.responseId,
    status,
    start.model,
    start.previousResponseId ?? null,
    // Names no hold: there was none.
    newId('hold'),
    requestId,
    processId,
    envelopeJson,
    new Date(start.createdAtMs),
    start.input.map(({ id }) => columnText(id)),
    start.input.map(({ json }) => json),
    startBytes(start) + Buffer.byteLength(envelopeJson),
  ]);
  if (rowCount === 0) throw new GatewayError('invalid_api_key');
}
