import type { Emit, ItemPlace } from './emit.js';
import type { ItemStatus, ReasoningItem, ReasoningPart, SummaryPart } from './item.js';
import { ReasoningSummary, ReasoningText } from './reasoning-parts.js';

/** A reasoning item while it grows: one part is open at a time, of its raw text or of its summary. */
export class ReasoningBuilder {
  private readonly summary: SummaryPart[] = [];
  private readonly content: ReasoningPart[] = [];
  private part: ReasoningText | ReasoningSummary | undefined;
  private signature: string | undefined;

  constructor(
    private readonly place: ItemPlace,
    private readonly emit: Emit,
  ) {}

  addText(text: string): void {
    if (!(this.part instanceof ReasoningText)) {
      this.closePart();
      this.part = new ReasoningText({ ...this.place, content_index: this.content.length }, this.emit);
    }
    this.part.add(text);
  }

  addSummary(text: string): void {
    if (!(this.part instanceof ReasoningSummary)) {
      this.closePart();
      this.part = new ReasoningSummary({ ...this.place, summary_index: this.summary.length }, this.emit);
    }
    this.part.add(text);
  }

  sign(signature: string): void {
    this.signature = signature;
  }

  now(status: ItemStatus): ReasoningItem {
    const summary = [...this.summary];
    const content = [...this.content];
    if (this.part instanceof ReasoningText) content.push(this.part.now());
    else if (this.part) summary.push(this.part.now());
    return {
      type: 'reasoning',
      id: this.place.item_id,
      status,
      summary,
      ...(content.length > 0 && { content }),
      ...(this.signature !== undefined && { encrypted_content: this.signature }),
    };
  }

  close(status: ItemStatus): ReasoningItem {
    this.closePart();
    return this.now(status);
  }

  private closePart(): void {
    if (this.part instanceof ReasoningText) this.content.push(this.part.close());
    else if (this.part) this.summary.push(this.part.close());
    this.part = undefined;
  }
}
