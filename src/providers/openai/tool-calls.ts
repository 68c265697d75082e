import { newId } from '../../base/ids.js';
import { isJsonObject, type JsonObject, type JsonValue } from '../../base/json.js';
import { malformed } from '../http/malformed.js';
import type { CallFields, SpokenEvent } from '../../text/text-event.js';
import { JsonSpan } from './json-span.js';
import type { UnknownFields } from './unknown-fields.js';

/** Calls of one choice; far above what any upstream makes at once. */
const MAX_CALLS = 1_024;
/** Arguments that wait for the name of their call, in UTF-16 units. */
const MAX_HELD_UNITS = 1024 * 1024;

interface Call {
  readonly index: number;
  /** The upstream's id of the call; empty until it comes. */
  upstreamId: string;
  kind: 'function' | 'custom';
  name: string;
  started: boolean;
  /** Arguments and fields that came before the call's name. */
  held: string;
  heldFields: CallFields | undefined;
  arguments: string;
  readonly span: JsonSpan;
  /** The call was complete and was named again, so the next arguments belong to another call. */
  namedAgain: boolean;
  /** The last fields, as text. */
  fields: string;
}

interface Delta {
  readonly index: number | undefined;
  readonly id: string;
  readonly name: string;
  readonly piece: string;
}

/**
 * The tool calls of one choice. An upstream may leave out the index (then an unknown id, or a name without an id,
 * begins the next call), give one index or one id to several whole calls (then another id with a name, or a name
 * after complete arguments, begins the next), repeat id and name in each delta (only the first start counts) or leave
 * out the id (then one is made). Each delta costs work in proportion to its own length.
 */
export class ToolCalls {
  private readonly calls: Call[] = [];
  private readonly byUpstreamIndex = new Map<number, Call>();
  private readonly byUpstreamId = new Map<string, Call>();
  private readonly indexes = new Set<number>();
  private nextIndex = 0;
  private readonly ids = new Set<string>();

  constructor(
    private readonly choice: number,
    private readonly unknown: UnknownFields,
  ) {}

  /** Whether the choice has made any call. */
  get made(): boolean {
    return this.ids.size > 0;
  }

  convert(delta: JsonValue, events: SpokenEvent[]): void {
    if (!isJsonObject(delta)) return;
    const body = object(delta.function) ?? object(delta.custom) ?? {};
    const said: Delta = {
      index: typeof delta.index === 'number' && Number.isSafeInteger(delta.index) ? delta.index : undefined,
      id: string(delta.id),
      name: string(body.name),
      piece: text(body.arguments ?? body.input),
    };
    const call = this.callOf(said);
    if (!call) return;
    if (call.upstreamId === '' && said.id !== '') this.identify(call, said.id);
    if (delta.type === 'custom' || isJsonObject(delta.custom)) call.kind = 'custom';
    const fields = this.newFields(call, this.unknown.ofCall(delta, body, call.kind));
    const name = said.name === '' ? call.name : said.name;
    if (call.started) this.say(call, said.piece, fields, events);
    else if (name === '') this.hold(call, said.piece, fields);
    else this.start(call, name, said.piece, fields, events);
  }

  /**
   * Ends every call. A call without arguments gets `{}`, unless the answer was cut before any could come.
   * @throws UpstreamFailure for a call that never got a name.
   */
  end(events: SpokenEvent[], isCut: boolean): void {
    for (const call of this.calls) {
      if (!call.started && call.held.trim() !== '') throw malformed('a tool call without a name');
      const isEmpty = call.started && call.kind === 'function' && call.arguments.trim() === '';
      if (isEmpty && !isCut) this.say(call, '{}', undefined, events);
    }
  }

  /** Undefined for a delta that repeats a complete call. */
  private callOf(delta: Delta): Call | undefined {
    const known = this.knownCall(delta);
    if (!known) return this.begin(delta, '');
    const { id, name, piece } = delta;
    const isOther = name !== '' && id !== '' && known.upstreamId !== '' && known.upstreamId !== id;
    if (isOther) return this.begin(delta, '');
    if (!known.started || !known.span.whole || known.kind !== 'function') return known;
    if (name !== '' && piece.trim() === '') {
      if (name !== known.name) return this.begin(delta, '');
      known.namedAgain = true;
      return known;
    }
    if (name === '') return known.namedAgain && piece.trim() !== '' ? this.begin(delta, known.name) : known;
    const isRepeated = id !== '' && name === known.name && piece === known.arguments;
    return isRepeated ? undefined : this.begin(delta, '');
  }

  private knownCall({ index, id, name }: Delta): Call | undefined {
    const byId = id === '' ? undefined : this.byUpstreamId.get(id);
    if (index !== undefined) return this.byUpstreamIndex.get(index) ?? (name === '' ? byId : undefined);
    return byId ?? (id === '' && name === '' ? this.calls.at(-1) : undefined);
  }

  private begin({ index: upstreamIndex }: Delta, name: string): Call {
    if (this.calls.length >= MAX_CALLS) throw malformed('too many tool calls');
    const wanted = upstreamIndex ?? this.calls.length;
    const free = wanted >= 0 && wanted < MAX_CALLS && !this.indexes.has(wanted);
    const index = free ? wanted : this.nextIndex;
    this.nextIndex = Math.max(this.nextIndex, index + 1);
    this.indexes.add(index);
    const call: Call = {
      index,
      upstreamId: '',
      kind: 'function',
      name,
      started: false,
      held: '',
      heldFields: undefined,
      arguments: '',
      span: new JsonSpan(),
      namedAgain: false,
      fields: '',
    };
    this.calls.push(call);
    if (upstreamIndex !== undefined) this.byUpstreamIndex.set(upstreamIndex, call);
    return call;
  }

  private identify(call: Call, id: string): void {
    call.upstreamId = id;
    this.byUpstreamId.set(id, call);
  }

  private hold(call: Call, piece: string, fields: CallFields | undefined): void {
    if (fields) call.heldFields = { ...call.heldFields, ...fields };
    call.held += piece;
    if (call.held.length > MAX_HELD_UNITS) throw malformed('a tool call without a name');
  }

  private start(
    call: Call,
    name: string,
    piece: string,
    fields: CallFields | undefined,
    events: SpokenEvent[],
  ): void {
    call.started = true;
    call.name = name;
    const { index, kind, upstreamId, heldFields } = call;
    const allFields = heldFields ? { ...heldFields, ...fields } : fields;
    const id = upstreamId === '' || this.ids.has(upstreamId) ? newId('call') : upstreamId;
    this.ids.add(id);
    events.push({
      type: 'tool_call_start',
      choice: this.choice,
      index,
      id,
      name,
      kind,
      ...(allFields && { fields: allFields }),
    });
    this.say(call, call.held + piece, undefined, events);
    call.held = '';
    call.heldFields = undefined;
  }

  private say(call: Call, piece: string, fields: CallFields | undefined, events: SpokenEvent[]): void {
    if (piece === '' && !fields) return;
    call.arguments += piece;
    call.span.add(piece);
    events.push({
      type: 'tool_call_delta',
      choice: this.choice,
      index: call.index,
      arguments: piece,
      ...(fields && { fields }),
    });
  }

  /** Clients join pieces, so repeated fields are emitted once. */
  private newFields(call: Call, fields: CallFields | undefined): CallFields | undefined {
    if (!fields) return undefined;
    const text = JSON.stringify(fields);
    if (text === call.fields) return undefined;
    call.fields = text;
    return fields;
  }
}

function object(value: JsonValue | undefined): JsonObject | undefined {
  return isJsonObject(value) ? value : undefined;
}

function string(value: JsonValue | undefined): string {
  return typeof value === 'string' ? value : '';
}

/** Some upstreams send the arguments as an object instead of its text. */
function text(value: JsonValue | undefined): string {
  if (typeof value === 'string') return value;
  return isJsonObject(value) ? JSON.stringify(value) : '';
}
