import type { JsonObject, JsonValue } from '../../base/json.js';
import type { CallFields, Phase, TextEvent } from '../../text/text-event.js';
import type { CallBuilder } from './call-builders.js';
import { convertAnnotation, convertLogprobs } from './convert-chat-fields.js';
import type { Emit, ItemPlace } from './emit.js';
import type { CompactionItem, ItemStatus, OutputItem, OutputItemPrefix } from './item.js';
import { MessageBuilder } from './message-builder.js';
import { ReasoningBuilder } from './reasoning-builder.js';
import { prefixOf, shownAs, startCall, type StartedCall } from './start-call.js';
import type { ToolIdentity } from './tool-identity.js';
import { UpstreamItemBuilder } from './upstream-item-builder.js';
import { withUpstreamFields } from './upstream-fields.js';

interface ItemBuilder {
  now(status: ItemStatus): OutputItem;
  close(status: ItemStatus): OutputItem;
}

/** The place of an item in the output, for as long as the response lives. */
interface Slot<Builder extends ItemBuilder = ItemBuilder> {
  readonly index: number;
  readonly place: ItemPlace;
  readonly builder: Builder;
  done: OutputItem | undefined;
  /** Fields that its upstream added to a call. */
  fields?: CallFields | undefined;
}

type ItemEvent = Extract<TextEvent, { type: 'item_start' | 'item_end' }>;
type StageEvent = Extract<TextEvent, { type: 'item_stage' }>;
type CallDelta = Extract<TextEvent, { type: 'tool_call_delta' }>;

export type ContentEvent = Exclude<TextEvent, { type: 'opened' | 'usage' | 'start' | 'finish' }>;

/**
 * The output of a response while it grows. One message or reasoning item is open at a time; an item of another kind
 * ends it. Tool calls stay open until the end, since pieces of an earlier call may come after a later one has begun.
 */
export class OutputItems {
  private readonly slots: Slot[] = [];
  private message: Slot<MessageBuilder> | undefined;
  private reasoning: Slot<ReasoningBuilder> | undefined;
  private readonly calls = new Map<number, Slot<CallBuilder>>();
  private readonly upstreamItems = new Map<number, Slot<UpstreamItemBuilder>>();
  /** The next text is in a message of its own. */
  private next: { readonly phase: Phase | undefined } | undefined;
  /** Some upstreams send annotations before their text. */
  private readonly waitingAnnotations: JsonObject[] = [];
  private openItems = 0;

  constructor(
    private readonly newItemId: (prefix: OutputItemPrefix) => string,
    private readonly tools: ReadonlyMap<string, ToolIdentity>,
    private readonly emit: Emit,
  ) {}

  accept(event: ContentEvent): void {
    switch (event.type) {
      case 'message':
        this.next = { phase: event.phase };
        return;
      case 'text':
        return this.addText(event.text, convertLogprobs(event.logprobs));
      case 'refusal':
        if (event.text !== '') this.openMessage().addRefusal(event.text);
        return;
      case 'reasoning':
        if (event.text !== '') this.openReasoning().addText(event.text);
        return;
      case 'reasoning_summary':
        if (event.text !== '') this.openReasoning().addSummary(event.text);
        return;
      case 'reasoning_signature':
        this.openReasoning().sign(event.signature);
        return this.closeSpoken();
      case 'tool_call_start':
        return this.openCall(event.index, event);
      case 'tool_call_delta':
        return this.extendCall(event);
      case 'frame':
        return;
      case 'item_start':
        return this.startItem(event);
      case 'item_stage':
        return this.stage(event);
      case 'item_end':
        return this.endItem(event);
      case 'annotation':
        return this.annotate(convertAnnotation(event.annotation));
    }
  }

  /** Whether every item is whole, and no call of a tool that the client runs is among them. */
  get isAtBorder(): boolean {
    return this.openItems === 0 && this.calls.size === 0;
  }

  /** Ends what is being said if the event belongs to another item. No effect while anything else is open. */
  endBefore(event: ContentEvent): void {
    const isSpeaking = (this.message ?? this.reasoning) !== undefined;
    if (isSpeaking && this.openItems === 1 && this.calls.size === 0 && this.begins(event)) this.closeSpoken();
  }

  /** Whether the event begins an item. */
  private begins(event: ContentEvent): boolean {
    switch (event.type) {
      case 'message':
        return this.message !== undefined;
      case 'tool_call_start':
      case 'item_start':
        return true;
      case 'text':
      case 'refusal':
        return event.text !== '' && (!this.message || this.next !== undefined);
      case 'reasoning':
      case 'reasoning_summary':
        return event.text !== '' && !this.reasoning;
      case 'reasoning_signature':
        return !this.reasoning;
      default:
        return false;
    }
  }

  /** The output as of now; later events do not change the returned items. */
  now(): readonly OutputItem[] {
    return this.slots.map(({ done, builder }) => done ?? builder.now('in_progress'));
  }

  /** The shown items in their stored form: with the fields that `provider` added to its calls. */
  stored(shown: readonly OutputItem[], provider: string | undefined): readonly OutputItem[] {
    return shown.map((item, index) => withUpstreamFields(item, provider, this.slots[index]?.fields));
  }

  /** Ends the items that are still open, in the order of the output. */
  closeAll(status: ItemStatus): void {
    for (const slot of this.slots) this.close(slot, status);
  }

  /** Adds an item that is complete at once. */
  add(item: CompactionItem): void {
    this.closeSpoken();
    const index = this.slots.length;
    const place: ItemPlace = { item_id: item.id, output_index: index };
    this.slots.push({ index, place, builder: { now: () => item, close: () => item }, done: item });
    this.emit({ type: 'response.output_item.added', output_index: index, item });
    this.emit({ type: 'response.output_item.done', output_index: index, item });
  }

  private addText(text: string, logprobs: readonly JsonValue[]): void {
    if (text === '' && logprobs.length === 0) return;
    const message = this.openMessage();
    message.addText(text, logprobs);
    if (this.waitingAnnotations.length === 0) return;
    for (const annotation of this.waitingAnnotations.splice(0)) message.annotate(annotation);
  }

  private annotate(annotation: JsonObject): void {
    if (!this.message?.builder.annotate(annotation)) this.waitingAnnotations.push(annotation);
  }

  private openMessage(): MessageBuilder {
    if (!this.message || this.next) {
      this.closeSpoken();
      const phase = this.next?.phase;
      this.next = undefined;
      this.message = this.open('msg', (place) => new MessageBuilder(place, this.emit, phase));
    }
    return this.message.builder;
  }

  private openReasoning(): ReasoningBuilder {
    if (!this.reasoning) {
      this.closeSpoken();
      this.reasoning = this.open('rs', (place) => new ReasoningBuilder(place, this.emit));
    }
    return this.reasoning.builder;
  }

  private startItem({ index, item }: ItemEvent): void {
    this.closeSpoken();
    const slot = this.open('ws', ({ item_id: id }) => new UpstreamItemBuilder(id, item));
    this.upstreamItems.set(index, slot);
  }

  private stage({ index, stage }: StageEvent): void {
    const slot = this.upstreamItems.get(index);
    if (slot && !slot.done && slot.builder.isSearch) this.emit({ type: stage, ...slot.place });
  }

  private endItem({ index, item }: ItemEvent): void {
    const slot = this.upstreamItems.get(index);
    if (!slot || slot.done) return;
    slot.builder.finish(item);
    this.close(slot, 'completed');
  }

  private openCall(index: number, call: StartedCall & { readonly fields?: CallFields }): void {
    this.closeSpoken();
    // A reused index means a new call.
    const former = this.calls.get(index);
    if (former) this.close(former, 'completed');
    const identity = this.tools.get(call.name);
    const prefix = prefixOf(shownAs(call, identity));
    const slot = this.open(prefix, (place) => startCall(call, identity, place, this.emit));
    slot.fields = call.fields;
    this.calls.set(index, slot);
  }

  private extendCall({ index, arguments: piece, fields }: CallDelta): void {
    const slot = this.calls.get(index);
    if (!slot) return;
    if (piece !== '') slot.builder.add(piece);
    if (fields) slot.fields = { ...slot.fields, ...fields };
  }

  private open<Builder extends ItemBuilder>(
    prefix: OutputItemPrefix,
    build: (place: ItemPlace) => Builder,
  ): Slot<Builder> {
    const index = this.slots.length;
    const place: ItemPlace = { item_id: this.newItemId(prefix), output_index: index };
    const builder = build(place);
    const slot: Slot<Builder> = { index, place, builder, done: undefined };
    this.slots.push(slot);
    this.openItems += 1;
    this.emit({
      type: 'response.output_item.added',
      output_index: index,
      item: builder.now('in_progress'),
    });
    return slot;
  }

  private closeSpoken(): void {
    if (this.message) this.close(this.message, 'completed');
    if (this.reasoning) this.close(this.reasoning, 'completed');
    this.message = undefined;
    this.reasoning = undefined;
  }

  private close(slot: Slot, status: ItemStatus): void {
    if (slot.done) return;
    const item = slot.builder.close(status);
    slot.done = item;
    this.openItems -= 1;
    this.emit({ type: 'response.output_item.done', output_index: slot.index, item });
  }
}
