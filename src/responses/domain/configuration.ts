import type { JsonObject } from '../../base/json.js';
import { objectIn, objectsIn } from '../../base/json-fields.js';

/** Settings that an item of a context can change for what comes after it. */
export interface Configuration {
  readonly reasoning: JsonObject;
  readonly text: JsonObject;
}

/** The request's settings after the `configuration_update` items of its context: the last of each setting wins. */
export function configurationOf(body: JsonObject, context: readonly JsonObject[]): Configuration {
  const updates = context.filter(({ type }) => type === 'configuration_update');
  const last = (of: 'reasoning' | 'text', setting: string): JsonObject => {
    const values = objectsIn(updates.map((update) => update[of] ?? null)).map((update) => update[setting]);
    const value = values.findLast((one) => one !== undefined);
    return value === undefined ? {} : { [setting]: value };
  };
  return {
    reasoning: { ...objectIn(body['reasoning']), ...last('reasoning', 'effort') },
    text: { ...objectIn(body['text']), ...last('text', 'format') },
  };
}
