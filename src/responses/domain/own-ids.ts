import type { JsonObject } from '../../base/json.js';
import { textIn } from './fields.js';

/**
 * In a conversation every item has an id of its own: an item that comes again, because a client sends it once more or
 * refers to it, loses its id, to get a new one.
 */
export function withOwnIds(
  history: readonly JsonObject[],
  input: readonly JsonObject[],
): readonly JsonObject[] {
  const taken = new Set(history.map(({ id }) => id));
  return input.map(({ id, ...item }) => {
    if (textIn(id) === undefined || taken.has(id)) return item;
    taken.add(id);
    return { ...item, id };
  });
}
