import type { RecordEnd, RecordEvent, RecordItem, RecordStart } from '../../payments/call-record.js';
import type { KeptAnswer } from '../../payments/once/idempotency-store.js';
import { pairText } from './metadata-pairs.js';
import { columnText } from '../column-text.js';

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
      rows.map(({ record }) => record.responseId),
      rows.map(({ record }) => record.status),
      rows.map(({ record }) => record.model),
      rows.map(({ record }) => record.previousResponseId ?? null),
      rows.map(({ record }) => record.conversationId ?? null),
      rows.map(({ record }) => record.background),
      rows.map(({ record }) => record.streamed),
      rows.map(({ record }) => record.requestJson ?? null),
      rows.map(({ record }) => record.envelopeJson),
      rows.map(({ record }) => new Date(record.createdAtMs)),
      processId,
      ...itemColumns(items),
      locks.map(({ call }) => call),
      locks.map(({ record }) => record.conversationId),
      locks.map(({ record }) => record.responseId),
    ],
  };
}

/** How many parameters they are. */
export const END_COLUMNS = 20;

export function endColumns(calls: readonly WithRecord<RecordEnd>[]): Columns {
  const rows = stored(calls);
  const items = flat(rows.map(({ call, record }) => ({ call, list: record.output })));
  const events = flat<RecordEvent>(rows.map(({ call, record }) => ({ call, list: record.events })));
  const locks = rows.flatMap(({ call, record }) =>
    record.conversation ? [{ call, record, conversation: record.conversation }] : [],
  );
  return {
    isEmpty: rows.length === 0,
    values: [
      rows.map(({ call }) => call),
      rows.map(({ record }) => record.responseId),
      rows.map(({ record }) => record.status),
      rows.map(({ record }) => record.envelopeJson),
      ...itemColumns(items),
      events.map(({ call }) => call),
      events.map(({ entry }) => entry.sequenceNumber),
      events.map(({ entry }) => entry.type),
      events.map(({ entry }) => entry.json),
      locks.map(({ call }) => call),
      locks.map(({ conversation }) => conversation.id),
      locks.map(({ record }) => record.responseId),
      locks.map(({ record, conversation }) => (conversation.appends ? record.output.length : 0)),
      locks.map(({ conversation }) => conversation.appends),
      locks.map(({ conversation }) => conversation.transient),
      rows.map(({ record }) => record.chat?.json ?? null),
      rows.map(({ record }) => record.chat && JSON.stringify(record.chat.metadata.map(pairText))),
    ],
  };
}

/** Bytes, roughly, that a record and the answer to a request that runs once add to a batch. */
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
    items.map(({ entry }) => columnText(entry.id)),
    items.map(({ entry }) => entry.json),
  ];
}
