import type { JsonObject } from '../../base/json.js';
import { objectIn, objectsIn } from './fields.js';

/** Settings that a context can change for what comes after it. */
export interface Configuration {
  readonly reasoning: JsonObject;
  readonly text: JsonObject;
}

/** What the request asks for, as the `configuration_update` items of its context have changed it: the last one of each setting wins. */
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
