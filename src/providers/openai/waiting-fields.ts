import type { JsonObject, JsonValue } from '../../base/json.js';

/** Far above what any upstream sends before its first word. */
const MAX_BYTES = 1024 * 1024;

/** Holds fields that came without an event, until the next event. Fields beyond the limit are dropped. */
export class WaitingFields {
  private fields: Record<string, JsonValue> | undefined;
  private bytes = 0;

  add(fields: JsonObject | undefined): void {
    if (!fields) return;
    this.bytes += JSON.stringify(fields).length;
    if (this.bytes > MAX_BYTES) return;
    this.fields = Object.assign(this.fields ?? {}, fields);
  }

  /** The waiting fields, overwritten by these; undefined when there are none. */
  takeWith(fields: JsonObject | undefined): JsonObject | undefined {
    const { fields: waiting } = this;
    if (!waiting) return fields;
    this.fields = undefined;
    this.bytes = 0;
    return fields ? Object.assign(waiting, fields) : waiting;
  }
}
