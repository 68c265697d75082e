import type { JsonObject, JsonValue } from '../../base/json.js';

/** Far above the number of fields that any service has in one place. */
const MAX_NAMES = 1_024;

/**
 * Fields that come again and again: the last value of each name counts, and new names are dropped once there are too
 * many. Each field costs a constant amount of work.
 */
export class LatestFields {
  private readonly values = new Map<string, JsonValue>();

  add(fields: JsonObject): void {
    for (const [name, value] of Object.entries(fields))
      if (value !== undefined && (this.values.size < MAX_NAMES || this.values.has(name)))
        this.values.set(name, value);
  }

  get all(): JsonObject {
    return Object.fromEntries(this.values);
  }
}
