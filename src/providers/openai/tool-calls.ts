import { newId } from '../../ids.js';
import { isJsonObject, type JsonObject, type JsonValue } from '../../json.js';
import type { TextEvent } from '../text/text-event.js';
import { malformed } from '../http/malformed.js';

/** Calls of one choice; far above what any upstream makes at once. */
const MAX_CALLS = 1_024;

interface Call {
  readonly index: number;
  /** Empty until the upstream names one. */
  id: string;
  kind: 'function' | 'custom';
  started: boolean;
  /** Arguments that came before the call's name. */
  held: string;
}

/**
 * The tool calls of one choice. An upstream may leave out the index (then an unknown id, or a name without an id,
 * begins the next call), give one index to several whole calls (then another id with a name begins the next), repeat
 * id and name in each delta (only the first start counts) or leave out the id (then one is made).
 */
export class ToolCalls {
  private readonly calls: Call[] = [];
  private readonly byUpstreamIndex = new Map<number, Call>();

  constructor(private readonly choice: number) {}

  convert(delta: JsonValue, events: TextEvent[]): void {
    if (!isJsonObject(delta)) return;
    const body = object(delta.function) ?? object(delta.custom) ?? {};
    const id = typeof delta.id === 'string' ? delta.id : '';
    const name = typeof body.name === 'string' ? body.name : '';
    const call = this.callOf(delta.index, id, name);
    if (call.id === '') call.id = id;
    if (delta.type === 'custom' || isJsonObject(delta.custom)) call.kind = 'custom';
    const piece = text(body.arguments ?? body.input);
    if (call.started) {
      if (piece !== '') events.push(this.piece(call, piece));
    } else if (name === '') {
      call.held += piece;
    } else {
      this.start(call, name, events);
      const held = call.held + piece;
      if (held !== '') events.push(this.piece(call, held));
      call.held = '';
    }
  }

  /** @throws UpstreamFailure for a call that never got a name. */
  end(): void {
    if (this.calls.some((call) => !call.started)) throw malformed('a tool call without a name');
  }

  private callOf(index: JsonValue | undefined, id: string, name: string): Call {
    if (typeof index === 'number' && Number.isSafeInteger(index)) {
      const known = this.byUpstreamIndex.get(index);
      const another = known !== undefined && name !== '' && id !== '' && known.id !== '' && known.id !== id;
      if (known && !another) return known;
      const call = this.begin(index);
      this.byUpstreamIndex.set(index, call);
      return call;
    }
    const known = id === '' ? undefined : this.calls.find((call) => call.id === id);
    const last = this.calls.at(-1);
    return known ?? (id === '' && name === '' && last ? last : this.begin(this.calls.length));
  }

  private begin(wanted: number): Call {
    if (this.calls.length >= MAX_CALLS) throw malformed('too many tool calls');
    const free = wanted >= 0 && wanted < MAX_CALLS && !this.calls.some((call) => call.index === wanted);
    const index = free ? wanted : Math.max(-1, ...this.calls.map((call) => call.index)) + 1;
    const call: Call = { index, id: '', kind: 'function', started: false, held: '' };
    this.calls.push(call);
    return call;
  }

  private start(call: Call, name: string, events: TextEvent[]): void {
    call.started = true;
    if (call.id === '') call.id = newId('call');
    const { index, id, kind } = call;
    events.push({ type: 'tool_call_start', choice: this.choice, index, id, name, kind });
  }

  private piece(call: Call, piece: string): TextEvent {
    return { type: 'tool_call_delta', choice: this.choice, index: call.index, arguments: piece };
  }
}

function object(value: JsonValue | undefined): JsonObject | undefined {
  return isJsonObject(value) ? value : undefined;
}

/** Some upstreams send the arguments as an object instead of its text. */
function text(value: JsonValue | undefined): string {
  if (typeof value === 'string') return value;
  return isJsonObject(value) ? JSON.stringify(value) : '';
}
