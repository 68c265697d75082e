import { isJsonObject, type JsonObject, type JsonValue } from '../../base/json.js';

export type FieldNames = ReadonlySet<string>;

export const ANSWER_FIELDS: FieldNames = new Set([
  'id',
  'object',
  'created',
  'model',
  'choices',
  'usage',
  'error',
]);
export const CHOICE_FIELDS: FieldNames = new Set([
  'index',
  'delta',
  'message',
  'finish_reason',
  'logprobs',
  'usage',
  'error',
]);
export const MESSAGE_FIELDS: FieldNames = new Set([
  'role',
  'content',
  'refusal',
  'reasoning',
  'reasoning_content',
  'reasoning_text',
  'tool_calls',
  'annotations',
]);
export const CALL_FIELDS: FieldNames = new Set(['index', 'id', 'type', 'function', 'custom']);
export const CALLED_FIELDS: FieldNames = new Set(['name', 'arguments', 'input']);

/** Names of one answer; far above what any upstream uses. */
const MAX_NAMES = 1_024;

/** The same of the calls of one answer. What a call has is copied whenever it gets more, here and behind. */
const MAX_CALL_NAMES = 64;

/** Names of fields. New ones are refused once there are too many. */
class Names {
  private readonly known = new Set<string>();

  constructor(private readonly most: number) {}

  allow(name: string): boolean {
    if (this.known.has(name)) return true;
    if (this.known.size >= this.most) return false;
    this.known.add(name);
    return true;
  }
}

/** The fields of one answer that the vocabulary does not name. New names are dropped once there are too many. */
export class UnknownFields {
  private readonly names = new Names(MAX_NAMES);
  private readonly callNames = new Names(MAX_CALL_NAMES);

  /** The fields that are not among the known ones, or undefined when there are none, which is the usual case. */
  of(object: JsonObject, known: FieldNames, names = this.names): JsonObject | undefined {
    let rest: Record<string, JsonValue> | undefined;
    for (const name in object) {
      const value = object[name];
      // A field of this name would change the prototype of the copy instead of becoming a field.
      if (known.has(name) || value === undefined || name === '__proto__' || !names.allow(name)) continue;
      rest ??= {};
      rest[name] = value;
    }
    return rest;
  }

  /**
   * The unknown fields of a message. An empty `function_call` is dropped: it is often sent beside the calls, and
   * taken for one.
   */
  ofMessage(message: JsonObject): JsonObject | undefined {
    const fields = this.of(message, MESSAGE_FIELDS);
    if (!fields || !('function_call' in fields) || saysSomething(fields.function_call)) return fields;
    const { function_call: _stub, ...rest } = fields;
    return Object.keys(rest).length === 0 ? undefined : rest;
  }

  /** The unknown fields of a tool call (`extra_content`, signatures); those inside its function are nested in them. */
  ofCall(call: JsonObject, called: JsonObject, kind: 'function' | 'custom'): JsonObject | undefined {
    const own = withoutNulls(this.of(call, CALL_FIELDS, this.callNames));
    const inner = withoutNulls(this.of(called, CALLED_FIELDS, this.callNames));
    return inner ? { ...own, [kind]: inner } : own;
  }
}

function saysSomething(call: JsonValue | undefined): boolean {
  return isJsonObject(call) && Object.values(call).some((value) => value !== null && value !== '');
}

function withoutNulls(fields: JsonObject | undefined): JsonObject | undefined {
  const kept = fields && Object.entries(fields).filter(([, value]) => value !== null);
  return kept && kept.length > 0 ? Object.fromEntries(kept) : undefined;
}
