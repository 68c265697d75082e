import type { RecordEnd, RecordEvent, RecordItem, RecordStart } from '../../payments/call-record.js';
import type { KeptAnswer } from '../../payments/once/idempotency-store.js';
import { pairText } from './metadata-pairs.js';
import { columnText } from '../column-text.js';
import { textArray } from '../text-array.js';

type WithRecord<Rows> = { readonly record?: Rows | undefined };

/** One array for each column, over those calls of a batch that are stored; `call` is the call's place, from 1. */
interface Columns {
  readonly values: readonly unknown[];
  readonly isEmpty: boolean;
}

export function startColumns(processId: string, calls: readonly WithRecord<RecordStart>[]): Columns {
  const all = stored(calls);
  const rows = all.filter(({ record }) => !record.transient);
  const items = flat(rows.map(({ call, record }) => ({ call, list: record.input })));
  const locks = all.filter(({ record }) => record.conversationId !== undefined);
  return {
    isEmpty: all.length === 0,
    values: [
      rows.map(({ call }) => call),
      textArray(rows.map(({ record }) => record.responseId)),
      textArray(rows.map(({ record }) => record.status)),
      textArray(rows.map(({ record }) => record.model)),
      textArray(rows.map(({ record }) => record.previousResponseId)),
      textArray(rows.map(({ record }) => record.conversationId)),
      rows.map(({ record }) => record.background),
      rows.map(({ record }) => record.streamed),
      textArray(rows.map(({ record }) => record.requestJson)),
      textArray(rows.map(({ record }) => record.envelopeJson)),
      rows.map(({ record }) => new Date(record.createdAtMs)),
      rows.map(({ record }) => startBytes(record)),
      processId,
      ...itemColumns(items),
      locks.map(({ call }) => call),
      textArray(locks.map(({ record }) => record.conversationId)),
      textArray(locks.map(({ record }) => record.responseId)),
    ],
  };
}

/**
 * What a batch of ends consists of. Most have neither a log nor a conversation, and a statement that says nothing of
 * them costs less.
 */
export interface EndForm {
  readonly records: boolean;
  readonly logs: boolean;
  readonly conversations: boolean;
}

interface EndColumns {
  readonly form: EndForm;
  readonly values: readonly unknown[];
}

export function endColumns(calls: readonly WithRecord<RecordEnd>[]): EndColumns {
  const rows = stored(calls);
  const items = flat(rows.map(({ call, record }) => ({ call, list: record.output })));
  const events = flat<RecordEvent>(rows.map(({ call, record }) => ({ call, list: record.events })));
  const locks = rows.flatMap(({ call, record }) =>
    record.conversation ? [{ call, record, conversation: record.conversation }] : [],
  );
  const form = { records: rows.length > 0, logs: events.length > 0, conversations: locks.length > 0 };
  if (!form.records) return { form, values: [] };
  return {
    form,
    values: [
      rows.map(({ call }) => call),
      textArray(rows.map(({ record }) => record.responseId)),
      textArray(rows.map(({ record }) => record.status)),
      textArray(rows.map(({ record }) => record.envelopeJson)),
      textArray(rows.map(({ record }) => record.chat?.json)),
      textArray(rows.map(({ record }) => record.chat && JSON.stringify(record.chat.metadata.map(pairText)))),
      rows.map(({ record }) => endBytes(record)),
      ...itemColumns(items),
      ...(form.logs
        ? [
            events.map(({ call }) => call),
            events.map(({ entry }) => entry.sequenceNumber),
            textArray(events.map(({ entry }) => entry.type)),
            textArray(events.map(({ entry }) => entry.json)),
          ]
        : []),
      ...(form.conversations
        ? [
            locks.map(({ call }) => call),
            textArray(locks.map(({ conversation }) => conversation.id)),
            textArray(locks.map(({ record }) => record.responseId)),
            locks.map(({ record, conversation }) => (conversation.appends ? record.output.length : 0)),
            locks.map(({ conversation }) => conversation.appends),
            locks.map(({ conversation }) => conversation.transient),
          ]
        : []),
    ],
  };
}

interface EndPlaces {
  readonly items: number;
  readonly logs: number;
  readonly conversations: number;
  /** Behind them all. */
  readonly next: number;
}

/** The numbers of the parameters of `endColumns`, the first of which is `first`, where each part begins. */
export function endPlaces(first: number, { records, logs, conversations }: EndForm): EndPlaces {
  const afterRecords = first + (records ? 11 : 0);
  const afterLogs = afterRecords + (logs ? 4 : 0);
  return {
    items: first + 7,
    logs: afterRecords,
    conversations: afterLogs,
    next: afterLogs + (conversations ? 6 : 0),
  };
}

/** What every row counts, so that small ones are bounded too. */
export const ROW_BYTES = 256;

/**
 * Bytes, roughly, that a record and the answer to a request that runs once add to a batch and to an account, as far as
 * they are known. Characters are counted: that reads no text, and a batch asks before every call.
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

/** What a record counts in the bytes that its account stores while it runs: itself and its input. */
export function startBytes({ input }: RecordStart): number {
  return ROW_BYTES + itemBytes(input);
}

/** What its end adds, without its log. */
function endBytes({ envelopeJson, chat, output }: RecordEnd): number {
  return Buffer.byteLength(envelopeJson) + Buffer.byteLength(chat?.json ?? '') + itemBytes(output);
}

function itemBytes(items: readonly RecordItem[]): number {
  return items.reduce((sum, { json }) => sum + ROW_BYTES + Buffer.byteLength(json), 0);
}

function stored<Rows>(calls: readonly WithRecord<Rows>[]): { call: number; record: Rows }[] {
  return calls.flatMap(({ record }, index) => (record ? [{ call: index + 1, record }] : []));
}

interface Placed<Entry> {
  readonly call: number;
  readonly position: number;
  readonly entry: Entry;
}

function flat<Entry>(lists: readonly { call: number; list: readonly Entry[] }[]): Placed<Entry>[] {
  return lists.flatMap(({ call, list }) => list.map((entry, position) => ({ call, position, entry })));
}

function itemColumns(items: readonly Placed<RecordItem>[]): unknown[] {
  return [
    items.map(({ call }) => call),
    items.map(({ position }) => position),
    textArray(items.map(({ entry }) => columnText(entry.id))),
    textArray(items.map(({ entry }) => entry.json)),
  ];
}
