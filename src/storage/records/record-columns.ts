import type { RecordEnd, RecordEvent, RecordItem, RecordStart } from '../../payments/call-record.js';
import type { KeptAnswer } from '../../payments/once/idempotency-store.js';
import { pairText } from './metadata-pairs.js';
import { columnText } from '../column-text.js';
import { textArray } from '../text-array.js';

type WithRecord<Rows> = { readonly record?: Rows | undefined };

/** Parameters by their names: one array for each column, over those calls of a batch that are stored. */
export type Columns = Readonly<Record<string, unknown>>;

/** Where the content is. */
export interface Placed {
  /** On the shards of a cluster, else beside the money. */
  readonly sharded: boolean;
}

/** The parts of a batch of starts; see `EndForm`. */
export interface StartForm {
  readonly stores: boolean;
  readonly locks: boolean;
}

export interface StartColumns {
  readonly form: StartForm;
  readonly values: Columns;
}

/** `…Calls` are the places of calls in the batch, from 1. */
export function startColumns(calls: readonly WithRecord<RecordStart>[]): StartColumns {
  const all = stored(calls);
  const rows = all.filter(({ record }) => !record.transient);
  const items = flat(rows.map(({ call, record }) => ({ call, list: record.input })));
  const locks = all.filter(({ record }) => record.conversationId !== undefined);
  const form = { stores: all.length > 0, locks: locks.length > 0 };
  if (!form.stores) return { form, values: {} };
  return {
    form,
    values: {
      recordCalls: rows.map(({ call }) => call),
      recordIds: textArray(rows.map(({ record }) => record.responseId)),
      statuses: textArray(rows.map(({ record }) => record.status)),
      recordModels: textArray(rows.map(({ record }) => record.model)),
      previousResponses: textArray(rows.map(({ record }) => record.previousResponseId)),
      conversations: textArray(rows.map(({ record }) => record.conversationId)),
      background: rows.map(({ record }) => record.background),
      streamed: rows.map(({ record }) => record.streamed),
      requests: textArray(rows.map(({ record }) => record.requestJson)),
      envelopes: textArray(rows.map(({ record }) => record.envelopeJson)),
      createdAt: rows.map(({ record }) => new Date(record.createdAtMs)),
      recordBytes: rows.map(({ record }) => startBytes(record)),
      ...itemColumns(items),
      ...(form.locks
        ? {
            lockCalls: locks.map(({ call }) => call),
            lockedConversations: textArray(locks.map(({ record }) => record.conversationId)),
            lockHolders: textArray(locks.map(({ record }) => record.responseId)),
          }
        : {}),
    },
  };
}

/**
 * The parts of a batch of ends. Most batches have neither a log nor a conversation, and a statement without these
 * parts costs less.
 */
export interface EndForm {
  readonly records: boolean;
  readonly logs: boolean;
  readonly conversations: boolean;
}

interface EndColumns {
  readonly form: EndForm;
  readonly values: Columns;
}

/** `…Calls` are the places of calls in the batch, from 1. */
export function endColumns(calls: readonly WithRecord<RecordEnd>[]): EndColumns {
  const rows = stored(calls);
  const items = flat(rows.map(({ call, record }) => ({ call, list: record.output })));
  const events = flat<RecordEvent>(rows.map(({ call, record }) => ({ call, list: record.events })));
  const locks = rows.flatMap(({ call, record }) =>
    record.conversation ? [{ call, record, conversation: record.conversation }] : [],
  );
  const form = { records: rows.length > 0, logs: events.length > 0, conversations: locks.length > 0 };
  if (!form.records) return { form, values: {} };
  return {
    form,
    values: {
      recordCalls: rows.map(({ call }) => call),
      recordIds: textArray(rows.map(({ record }) => record.responseId)),
      statuses: textArray(rows.map(({ record }) => record.status)),
      envelopes: textArray(rows.map(({ record }) => record.envelopeJson)),
      chats: textArray(rows.map(({ record }) => record.chat?.json)),
      chatMetadata: textArray(
        rows.map(({ record }) => record.chat && JSON.stringify(record.chat.metadata.map(pairText))),
      ),
      recordBytes: rows.map(({ record }) => endBytes(record)),
      ...itemColumns(items),
      ...(form.logs ? logColumns(events) : {}),
      ...(form.conversations
        ? {
            lockCalls: locks.map(({ call }) => call),
            lockedConversations: textArray(locks.map(({ conversation }) => conversation.id)),
            lockHolders: textArray(locks.map(({ record }) => record.responseId)),
            outputSizes: locks.map(({ record, conversation }) =>
              conversation.appends ? record.output.length : 0,
            ),
            appends: locks.map(({ conversation }) => conversation.appends),
            transient: locks.map(({ conversation }) => conversation.transient),
          }
        : {}),
    },
  };
}

/** The bytes that every row counts, so that small rows are bounded too. */
export const ROW_BYTES = 256;

/**
 * The approximate bytes that a record and the answer to a request that runs once add to a batch and to an account, as
 * far as they are known. Characters are counted: that reads no text, and a batch asks before every call.
 */
export function weightOf(record: RecordStart | RecordEnd | undefined, answer?: KeptAnswer): number {
  return weightOfRecord(record) + (answer?.content.length ?? 0);
}

function weightOfRecord(record: RecordStart | RecordEnd | undefined): number {
  if (!record) return 0;
  const items = 'input' in record ? record.input : record.output;
  let weight = record.envelopeJson.length;
  if ('output' in record) weight += record.chat?.json.length ?? 0;
  if ('requestJson' in record) weight += record.requestJson?.length ?? 0;
  for (const { json } of items) weight += json.length;
  return weight;
}

/** The stored bytes that a record counts while its call runs: itself and its input. */
export function startBytes({ input }: RecordStart): number {
  return ROW_BYTES + itemBytes(input);
}

/** The stored bytes that the end of a record adds, without its log. */
function endBytes({ envelopeJson, chat, output }: RecordEnd): number {
  return Buffer.byteLength(envelopeJson) + Buffer.byteLength(chat?.json ?? '') + itemBytes(output);
}

function itemBytes(items: readonly RecordItem[]): number {
  return items.reduce((sum, { json }) => sum + ROW_BYTES + Buffer.byteLength(json), 0);
}

function stored<Rows>(calls: readonly WithRecord<Rows>[]): { call: number; record: Rows }[] {
  return calls.flatMap(({ record }, index) => (record ? [{ call: index + 1, record }] : []));
}

interface AtPlace<Entry> {
  readonly call: number;
  readonly position: number;
  readonly entry: Entry;
}

function flat<Entry>(lists: readonly { call: number; list: readonly Entry[] }[]): AtPlace<Entry>[] {
  return lists.flatMap(({ call, list }) => list.map((entry, position) => ({ call, position, entry })));
}

function itemColumns(items: readonly AtPlace<RecordItem>[]): Columns {
  return {
    itemCalls: items.map(({ call }) => call),
    itemPositions: items.map(({ position }) => position),
    itemIds: textArray(items.map(({ entry }) => columnText(entry.id))),
    items: textArray(items.map(({ entry }) => entry.json)),
  };
}

function logColumns(events: readonly AtPlace<RecordEvent>[]): Columns {
  return {
    eventCalls: events.map(({ call }) => call),
    eventNumbers: events.map(({ entry }) => entry.sequenceNumber),
    eventTypes: textArray(events.map(({ entry }) => entry.type)),
    events: textArray(events.map(({ entry }) => entry.json)),
  };
}
