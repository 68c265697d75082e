import type { JsonObject } from '../../base/json.js';
import { textIn } from '../../base/json-fields.js';

/**
 * Every item of a conversation has a unique id. An item that comes again, because a client repeats it or refers to it,
 * loses its id here and gets a new one later.
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
