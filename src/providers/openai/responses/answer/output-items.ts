import type { JsonObject, JsonValue } from '../../../../base/json.js';
import { objectsIn, textIn } from '../../../../base/json-fields.js';
import { phaseIn, type SearchStage, type SpokenEvent } from '../../../../text/text-event.js';
import { scopedSignature } from '../../../../text/signature.js';
import { chatAnnotation, chatLogprobs } from './chat-forms.js';
import { isCall, OutputCalls, type OutputCall } from './output-calls.js';

export type Spoken = 'text' | 'refusal' | 'reasoning' | 'reasoning_summary';

interface OutputItem {
  /** Whether it has begun as a message. */
  isMessage?: boolean;
  /** Position among the items of tools that the service runs. */
  hosted?: number | undefined;
  call?: OutputCall | undefined;
  /** UTF-16 units of each of its parts that have been said. */
  readonly saidUnits: Map<string, number>;
  annotations: number;
  done: boolean;
}

/** A piece of a part of an item. */
export interface Piece {
  readonly kind: Spoken;
  /** The index of the part among those of its kind. */
  readonly part: number;
  readonly text: string;
  readonly logprobs?: JsonValue | undefined;
}

/** Types of items that have a meaning of their own here, as input or as calls that a client answers. */
const MEANT_HERE =
  /^(?:message|reasoning|function_call|custom_tool_call|item_reference|compaction.*|additional_tools|configuration_update|(?:tool_search|local_shell|shell|apply_patch|computer)_call|.*_output)$/;

function isHosted({ type }: JsonObject): boolean {
  return typeof type === 'string' && !MEANT_HERE.test(type);
}

const BETWEEN_PARTS = '\n\n';

/**
 * The items of one answer, by their place in the output. Servers may leave out the pieces, or the whole: what the end
 * of an item has beyond its pieces is said then. Each frame costs work in proportion to its own length.
 */
export class OutputItems {
  private readonly items = new Map<number, OutputItem>();
  private readonly calls = new OutputCalls();
  private hosted = 0;

  /** @param scope of the provider's encrypted reasoning */
  constructor(private readonly scope: string) {}

  get called(): boolean {
    return this.calls.made;
  }

  add(index: number, item: JsonObject, events: SpokenEvent[]): void {
    const known = this.itemAt(index);
    if (known.done) return;
    if (isCall(item)) known.call ??= this.calls.start(item, events);
    else if (item['type'] === 'message') beginMessage(known, item, events);
    else if (isHosted(item)) this.beginHosted(known, item, events);
  }

  say(index: number, piece: Piece, events: SpokenEvent[]): void {
    const item = this.itemAt(index);
    if (!item.done) say(item, piece, events);
  }

  annotate(index: number, annotation: JsonObject, events: SpokenEvent[]): void {
    const item = this.itemAt(index);
    if (!item.done) annotate(item, annotation, events);
  }

  /** Pieces of a call that has not begun come again with its end. */
  extendCall(index: number, piece: string, events: SpokenEvent[]): void {
    const { call, done } = this.itemAt(index);
    if (call && !done) this.calls.extend(call, piece, events);
  }

  finish(index: number, whole: JsonObject, events: SpokenEvent[]): void {
    const item = this.itemAt(index);
    if (item.done) return;
    if (isCall(whole)) {
      item.call ??= this.calls.start(whole, events);
      if (item.call) this.calls.complete(item.call, whole, events);
    } else if (whole['type'] === 'message') finishMessage(item, whole, events);
    else if (whole['type'] === 'reasoning') this.finishReasoning(item, whole, events);
    else if (isHosted(whole)) {
      const hosted = this.beginHosted(item, whole, events);
      events.push({ type: 'item_end', choice: 0, index: hosted, item: whole });
    }
    item.done = true;
  }

  stage(index: number, stage: SearchStage, events: SpokenEvent[]): void {
    const { hosted, done } = this.itemAt(index);
    if (hosted !== undefined && !done) events.push({ type: 'item_stage', choice: 0, index: hosted, stage });
  }

  private beginHosted(known: OutputItem, item: JsonObject, events: SpokenEvent[]): number {
    if (known.hosted !== undefined) return known.hosted;
    const index = this.hosted;
    this.hosted += 1;
    known.hosted = index;
    events.push({ type: 'item_start', choice: 0, index, item });
    return index;
  }

  end(isCut: boolean, events: SpokenEvent[]): void {
    this.calls.end(isCut, events);
  }

  private finishReasoning(item: OutputItem, whole: JsonObject, events: SpokenEvent[]): void {
    objectsIn(whole['summary']).forEach((part, index) =>
      sayRest(item, { kind: 'reasoning_summary', part: index, text: textIn(part['text']) ?? '' }, events),
    );
    objectsIn(whole['content']).forEach((part, index) =>
      sayRest(item, { kind: 'reasoning', part: index, text: textIn(part['text']) ?? '' }, events),
    );
    const encrypted = textIn(whole['encrypted_content']) ?? '';
    if (encrypted === '') return;
    events.push({
      type: 'reasoning_signature',
      choice: 0,
      signature: scopedSignature(this.scope, encrypted),
    });
  }

  private itemAt(index: number): OutputItem {
    const known = this.items.get(index);
    if (known) return known;
    const item: OutputItem = { saidUnits: new Map(), annotations: 0, done: false };
    this.items.set(index, item);
    return item;
  }
}

/** Not the first message alone, since what was said before need not have been one. */
function beginMessage(known: OutputItem, item: JsonObject, events: SpokenEvent[]): void {
  if (known.isMessage) return;
  known.isMessage = true;
  const phase = phaseIn(item['phase']);
  events.push({ type: 'message', choice: 0, ...(phase && { phase }) });
}

function finishMessage(item: OutputItem, whole: JsonObject, events: SpokenEvent[]): void {
  const { content } = whole;
  beginMessage(item, whole, events);
  let annotations = 0;
  objectsIn(content).forEach((part, index) => {
    const text = textIn(part['text']) ?? '';
    if (part['type'] === 'refusal')
      sayRest(item, { kind: 'refusal', part: index, text: textIn(part['refusal']) ?? '' }, events);
    else sayRest(item, { kind: 'text', part: index, text, logprobs: part['logprobs'] }, events);
    for (const annotation of objectsIn(part['annotations'])) {
      annotations += 1;
      if (annotations > item.annotations) annotate(item, annotation, events);
    }
  });
}

function annotate(item: OutputItem, annotation: JsonObject, events: SpokenEvent[]): void {
  item.annotations += 1;
  events.push({ type: 'annotation', choice: 0, annotation: chatAnnotation(annotation) });
}

function sayRest(item: OutputItem, piece: Piece, events: SpokenEvent[]): void {
  const said = item.saidUnits.get(keyOf(piece)) ?? 0;
  // The probabilities of pieces came with them.
  const logprobs = said === 0 ? piece.logprobs : undefined;
  say(item, { ...piece, text: piece.text.slice(said), logprobs }, events);
}

function say(item: OutputItem, piece: Piece, events: SpokenEvent[]): void {
  const { kind, text } = piece;
  const logprobs = chatLogprobs(piece.logprobs);
  if (text === '' && logprobs === undefined) return;
  const key = keyOf(piece);
  const said = item.saidUnits.get(key) ?? 0;
  item.saidUnits.set(key, said + text.length);
  // Parts of a summary are paragraphs of one text here.
  const isNext = said === 0 && piece.part > 0 && kind === 'reasoning_summary';
  events.push({
    type: kind,
    choice: 0,
    text: isNext ? BETWEEN_PARTS + text : text,
    ...(logprobs !== undefined && (kind === 'text' || kind === 'refusal') && { logprobs }),
  });
}

function keyOf({ kind, part }: Piece): string {
  return `${kind} ${part}`;
}
