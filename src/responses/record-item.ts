import { newId } from '../base/ids.js';
import type { JsonObject } from '../base/json.js';
import type { RecordItem } from '../payments/call-record.js';
import { storedInput } from './domain/stored-input.js';

/** An item as it is stored. */
export function recordItem(item: { readonly id: string }): RecordItem {
  return { id: item.id, json: JSON.stringify(item) };
}

/** An input item as it is stored: always with an id. */
export function recordInput(item: JsonObject): RecordItem {
  return recordItem(storedInput(item, newId));
}
