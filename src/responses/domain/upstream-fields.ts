import type { JsonObject } from '../../base/json.js';
import { type CallFields, UPSTREAM_FIELDS } from '../../text/text-event.js';

/** A call as it is stored: with the fields that its upstream added, which no client sees. */
export function withUpstreamFields<Item extends object>(
  item: Item,
  provider: string | undefined,
  fields: CallFields | undefined,
): Item {
  return fields && provider !== undefined ? { ...item, [UPSTREAM_FIELDS]: { provider, fields } } : item;
}

/** An item as clients see it. */
export function shownItem<Item extends object>(item: Item): Item {
  if (!(UPSTREAM_FIELDS in item)) return item;
  const { [UPSTREAM_FIELDS]: _hidden, ...shown } = item as Item & JsonObject;
  return shown as unknown as Item;
}
