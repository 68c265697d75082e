import { newId } from '../../../../base/ids.js';
import type { JsonObject } from '../../../../base/json.js';
import { textIn } from '../../../../base/json-fields.js';
import type { SpokenEvent } from '../../../../text/text-event.js';

export interface OutputCall {
  /** Position among the calls of the answer. */
  readonly index: number;
  readonly kind: 'function' | 'custom';
  /** UTF-16 units of its arguments that have been said. */
  saidUnits: number;
}

/** Fields of a call's arguments, by the type of its item. */
const CALLS: ReadonlyMap<unknown, { readonly kind: OutputCall['kind']; readonly field: string }> = new Map([
  ['function_call', { kind: 'function', field: 'arguments' }],
  ['custom_tool_call', { kind: 'custom', field: 'input' }],
]);

export function isCall(item: JsonObject): boolean {
  return CALLS.has(item['type']);
}

/** The calls of one answer. Each has an id of its own. */
export class OutputCalls {
  private readonly ids = new Set<string>();
  private readonly calls: OutputCall[] = [];

  get made(): boolean {
    return this.calls.length > 0;
  }

  /** Undefined for a call without a name, which may come later. */
  start(item: JsonObject, events: SpokenEvent[]): OutputCall | undefined {
    const name = textIn(item['name']) ?? '';
    const form = CALLS.get(item['type']);
    if (name === '' || !form) return undefined;
    const given = textIn(item['call_id']) ?? '';
    const id = given === '' || this.ids.has(given) ? newId('call') : given;
    this.ids.add(id);
    const call: OutputCall = { index: this.calls.length, kind: form.kind, saidUnits: 0 };
    this.calls.push(call);
    events.push({ type: 'tool_call_start', choice: 0, index: call.index, id, name, kind: form.kind });
    return call;
  }

  /** What of the whole arguments has not been said yet. */
  complete(call: OutputCall, item: JsonObject, events: SpokenEvent[]): void {
    const whole = textIn(item[CALLS.get(item['type'])?.field ?? '']) ?? '';
    this.extend(call, whole.slice(call.saidUnits), events);
  }

  extend(call: OutputCall, piece: string, events: SpokenEvent[]): void {
    if (piece === '') return;
    call.saidUnits += piece.length;
    events.push({ type: 'tool_call_delta', choice: 0, index: call.index, arguments: piece });
  }

  /** A function that was called without arguments gets `{}`, unless the answer was cut before any could come. */
  end(isCut: boolean, events: SpokenEvent[]): void {
    if (isCut) return;
    for (const call of this.calls)
      if (call.kind === 'function' && call.saidUnits === 0) this.extend(call, '{}', events);
  }
}
