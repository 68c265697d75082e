import type { JsonObject, JsonValue } from '../../base/json.js';
import type { Phase } from '../../text/text-event.js';
import type { Emit, ItemPlace } from './emit.js';
import type { ItemStatus, MessageItem, MessagePart } from './item.js';
import { OutputText, Refusal } from './message-parts.js';

/** A message while it grows: one part is open at a time; text and refusal are separate parts. */
export class MessageBuilder {
  private readonly closed: MessagePart[] = [];
  private part: OutputText | Refusal | undefined;

  constructor(
    private readonly place: ItemPlace,
    private readonly emit: Emit,
    private readonly phase?: Phase,
  ) {}

  addText(text: string, logprobs: readonly JsonValue[]): void {
    if (!(this.part instanceof OutputText)) {
      this.closePart();
      this.part = new OutputText({ ...this.place, content_index: this.closed.length }, this.emit);
    }
    this.part.add(text, logprobs);
  }

  addRefusal(text: string): void {
    if (!(this.part instanceof Refusal)) {
      this.closePart();
      this.part = new Refusal({ ...this.place, content_index: this.closed.length }, this.emit);
    }
    this.part.add(text);
  }

  /** False when no text is open for the annotation. */
  annotate(annotation: JsonObject): boolean {
    if (!(this.part instanceof OutputText)) return false;
    this.part.annotate(annotation);
    return true;
  }

  now(status: ItemStatus): MessageItem {
    const content = this.part ? [...this.closed, this.part.now()] : [...this.closed];
    const { phase } = this;
    const item = { type: 'message', id: this.place.item_id, status, role: 'assistant', content } as const;
    return phase === undefined ? item : { ...item, phase };
  }

  close(status: ItemStatus): MessageItem {
    this.closePart();
    return this.now(status);
  }

  private closePart(): void {
    if (this.part) this.closed.push(this.part.close());
    this.part = undefined;
  }
}
