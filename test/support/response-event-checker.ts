import assert from 'node:assert/strict';
import { shellCommand } from './shell-commands.js';

/** An event as it is on the wire. */
type Json = Record<string, unknown>;
interface Item extends Json {
  id: string;
  type: string;
  status?: string;
}

interface OpenPart {
  readonly added: Json;
  readonly annotations: unknown[];
  readonly logprobs: unknown[];
  text: string;
  isTextDone: boolean;
}

interface ItemState {
  readonly added: Item;
  readonly parts: { content: unknown[]; summary: unknown[] };
  open: ({ kind: 'content' | 'summary' } & OpenPart) | undefined;
  /** Of a call: its arguments or input. */
  text: string;
  isTextDone: boolean;
  /** Of a call of a shell. */
  readonly commands: string[];
  done: Item | undefined;
}

const TERMINAL = {
  'response.completed': ['completed'],
  'response.incomplete': ['incomplete', 'cancelled'],
  'response.failed': ['failed'],
} as const;

/** What may differ between the snapshots of one response. */
const CHANGING = [
  'status',
  'output',
  'usage',
  'completed_at',
  'incomplete_details',
  'error',
  'compose_receipt',
];
const SPOKEN = ['message', 'reasoning'];
/** Items whose states are known; others are followed from added to done. */
const OURS = [...SPOKEN, 'function_call', 'custom_tool_call'];

const TEXT_FIELDS: Readonly<Record<string, { part: string; field: string }>> = {
  'response.output_text': { part: 'output_text', field: 'text' },
  'response.refusal': { part: 'refusal', field: 'refusal' },
  'response.reasoning_text': { part: 'reasoning_text', field: 'text' },
  'response.reasoning_summary_text': { part: 'summary_text', field: 'text' },
};
const CALL_FIELDS: Readonly<Record<string, { item: string; field: string }>> = {
  'response.function_call_arguments': { item: 'function_call', field: 'arguments' },
  'response.custom_tool_call_input': { item: 'custom_tool_call', field: 'input' },
};

/**
 * Follows a whole stream of a response, from its first event to its terminal one, through the state machines of the
 * response, its items and their parts. Takes events of ours or parsed wire JSON, without `[DONE]`.
 *
 * @returns the Response of the terminal event
 * @throws AssertionError at the first event that is not legal
 */
export function expectLegalEvents(events: readonly object[]): Record<string, unknown> {
  const machine = new StreamMachine();
  // What a test has written is of another realm than what the code made of it: as copies, both are of this one.
  (structuredClone(events) as readonly Json[]).forEach((event, number) => {
    try {
      assert.equal(event.sequence_number, number, 'sequence numbers rise by 1 from 0');
      machine.take(event, number);
    } catch (mistake) {
      const what = mistake instanceof Error ? mistake.message : String(mistake);
      throw new Error(`event ${number} ${JSON.stringify(event)}: ${what}`, { cause: mistake });
    }
  });
  return machine.end();
}

class StreamMachine {
  private readonly items: ItemState[] = [];
  private readonly ids = new Set<string>();
  private created: Json | undefined;
  private last = '';
  private errorSeen: Json | undefined;
  private final: Json | undefined;

  take(event: Json, number: number): void {
    assert.ok(!this.final, 'nothing follows the terminal event');
    const type = event.type as string;
    if (this.errorSeen) assert.equal(type, 'response.failed', 'only response.failed follows an error');
    if (number < 2 || this.last === 'response.queued') this.start(type, event.response as Json, number);
    else if (type in TERMINAL) this.terminal(type as keyof typeof TERMINAL, event.response as Json);
    else if (type === 'error') this.error(event);
    else if (type === 'response.output_item.added') this.itemAdded(event);
    else this.ofItem(type, event);
    this.last = type;
  }

  end(): Json {
    assert.ok(this.final, 'a stream ends with a terminal event');
    return this.final;
  }

  private start(type: string, response: Json, number: number): void {
    const expected = number === 0 ? ['response.created'] : this.afterStart();
    assert.ok(expected.includes(type), `expected ${expected.join()}`);
    this.created ??= response;
    this.sameResponse(response);
    assert.deepEqual(response.output, []);
    for (const field of ['usage', 'error', 'completed_at', 'incomplete_details']) {
      assert.equal(response[field], null, field);
    }
    const isQueued = type === 'response.queued' || (number === 0 && response.background === true);
    assert.equal(response.status, isQueued ? 'queued' : 'in_progress');
  }

  private afterStart(): string[] {
    const isQueued = this.created?.background === true && this.last === 'response.created';
    return [isQueued ? 'response.queued' : 'response.in_progress'];
  }

  private sameResponse(response: Json): void {
    const settled = ({ ...fields }: Json) => {
      for (const field of CHANGING) Reflect.deleteProperty(fields, field);
      return fields;
    };
    assert.deepEqual(settled(response), settled(this.created ?? {}), 'the settings of a response stay');
  }

  private error(event: Json): void {
    const { code, message, param } = event.error as Json;
    assert.deepEqual(
      { code, message, param },
      { code: event.code, message: event.message, param: event.param },
    );
    this.errorSeen = event;
  }

  private terminal(type: keyof typeof TERMINAL, response: Json): void {
    this.sameResponse(response);
    const status = response.status as string;
    assert.ok((TERMINAL[type] as readonly string[]).includes(status), `${type} with status ${status}`);
    assert.equal(
      this.errorSeen !== undefined,
      type === 'response.failed',
      'an error precedes response.failed',
    );
    assert.equal(response.completed_at !== null, status === 'completed', 'completed_at');
    assert.equal(response.incomplete_details !== null, status === 'incomplete', 'incomplete_details');
    assert.equal(response.error !== null, status === 'failed', 'error');
    if (this.errorSeen) {
      const { code, message } = this.errorSeen;
      assert.deepEqual(response.error, { code, message });
    }
    const done = this.items.map((item) => item.done ?? assert.fail(`${item.added.id} is still open`));
    assert.deepEqual(response.output, done, 'the output is the items as they were done');
    if (status === 'completed') {
      for (const item of done) assert.ok([undefined, 'completed'].includes(item.status), 'item status');
    }
    this.final = response;
  }

  private itemAdded(event: Json): void {
    const item = event.item as Item;
    assert.equal(event.output_index, this.items.length, 'items are added in the order of the output');
    assert.ok(!this.ids.has(item.id), 'ids of items are unique');
    if (SPOKEN.includes(item.type)) {
      const open = this.items.find(({ added, done }) => SPOKEN.includes(added.type) && !done);
      assert.equal(open?.added.id, undefined, 'of messages and reasoning one is open');
    }
    this.ids.add(item.id);
    this.items.push(newItem(item));
    assertFresh(item);
  }

  private ofItem(type: string, event: Json): void {
    const state = this.items[event.output_index as number];
    assert.ok(state && !state.done, 'the item is open');
    if (type === 'response.output_item.done') return finishItem(state, event.item as Item);
    if (type.startsWith('response.shell_call_command.')) return shellCommand(state, type, event);
    assert.equal(event.item_id, state.added.id, 'ids stay');
    const stem = type.slice(0, type.lastIndexOf('.'));
    if (stem === 'response.web_search_call') assert.equal(state.added.type, 'web_search_call');
    else if (stem in CALL_FIELDS) callText(state, type, event);
    else if (type === 'response.output_text.annotation.added') annotationAdded(state, event);
    else if (stem in TEXT_FIELDS) partText(state, type, event);
    else partEvent(state, type, event);
  }
}

function newItem(added: Item): ItemState {
  return {
    added,
    parts: { content: [], summary: [] },
    open: undefined,
    text: '',
    isTextDone: false,
    commands: [],
    done: undefined,
  };
}

function assertFresh(item: Item): void {
  if (item.type === 'message') assert.deepEqual(item.content, []);
  if (item.type === 'reasoning') assert.deepEqual([item.summary, item.content ?? []], [[], []]);
  if (item.type === 'function_call') assert.equal(item.arguments, '');
  if (item.type === 'custom_tool_call') assert.equal(item.input, '');
  if (OURS.includes(item.type)) assert.equal(item.status, 'in_progress');
}

function callText(state: ItemState, type: string, event: Json): void {
  const { item, field } = CALL_FIELDS[type.slice(0, type.lastIndexOf('.'))]!;
  assert.equal(state.added.type, item);
  assert.ok(!state.isTextDone, 'nothing follows the done event');
  if (type.endsWith('.delta')) {
    state.text += event.delta as string;
    return;
  }
  assert.equal(event[field], state.text, 'the deltas add up');
  if (item === 'function_call') assert.equal(event.name, state.added.name);
  state.isTextDone = true;
}

function partEvent(state: ItemState, type: string, event: Json): void {
  const isSummary = type.startsWith('response.reasoning_summary_part.');
  assert.ok(isSummary || type.startsWith('response.content_part.'), 'the event is known');
  const kind = isSummary ? 'summary' : 'content';
  const part = event.part as Json;
  assert.ok(SPOKEN.includes(state.added.type), 'the item has parts');
  if (type.endsWith('.added')) {
    assert.ok(!state.open, 'one part is open');
    assert.equal(event[`${kind}_index`], state.parts[kind].length, 'parts are added in order');
    assert.equal(part.text ?? part.refusal, '');
    state.open = { kind, added: part, annotations: [], logprobs: [], text: '', isTextDone: false };
    return;
  }
  const { open } = state;
  assert.ok(open?.isTextDone && open.kind === kind, 'the text is done before its part');
  assert.equal(event[`${kind}_index`], state.parts[kind].length);
  const field = part.type === 'refusal' ? 'refusal' : 'text';
  const lists = part.type === 'output_text' ? { annotations: open.annotations, logprobs: open.logprobs } : {};
  assert.deepEqual(part, { ...open.added, [field]: open.text, ...lists }, 'the part is what was said');
  state.parts[kind].push(part);
  state.open = undefined;
}

function openPart(state: ItemState, event: Json): OpenPart {
  const { open } = state;
  assert.ok(open && !open.isTextDone, 'the part is open');
  assert.equal(event[`${open.kind}_index`], state.parts[open.kind].length, 'the index of the open part');
  return open;
}

function annotationAdded(state: ItemState, event: Json): void {
  const open = openPart(state, event);
  assert.equal(open.added.type, 'output_text');
  assert.equal(event.annotation_index, open.annotations.length);
  open.annotations.push(event.annotation);
}

function partText(state: ItemState, type: string, event: Json): void {
  const open = openPart(state, event);
  const { part, field } = TEXT_FIELDS[type.slice(0, type.lastIndexOf('.'))]!;
  assert.equal(open.added.type, part);
  if (type.endsWith('.delta')) {
    open.text += event.delta as string;
    if (part === 'output_text') open.logprobs.push(...(event.logprobs as unknown[]));
    return;
  }
  assert.equal(event[field], open.text, 'the deltas add up');
  if (part === 'output_text') assert.deepEqual(event.logprobs, open.logprobs);
  open.isTextDone = true;
}

function finishItem(state: ItemState, item: Item): void {
  assert.ok(!state.open, 'parts are done before their item');
  assert.equal(item.id, state.added.id, 'ids stay');
  assert.equal(item.type, state.added.type);
  assert.notEqual(item.status, 'in_progress');
  if (item.type === 'message') assert.deepEqual(item.content, state.parts.content);
  if (item.type === 'reasoning') {
    assert.deepEqual([item.summary, item.content ?? []], [state.parts.summary, state.parts.content]);
  }
  if (item.type === 'shell_call') assert.deepEqual((item.action as Json).commands, state.commands);
  const call = Object.values(CALL_FIELDS).find((fields) => fields.item === item.type);
  if (call) {
    assert.ok(state.isTextDone, 'the call is done before its item');
    assert.equal(item[call.field], state.text);
    assert.equal(item.name, state.added.name);
    assert.equal(item.call_id, state.added.call_id);
  }
  state.done = item;
}
