import type { Emit, ItemPlace } from './emit.js';
import type { ReasoningPart, SummaryPart } from './item.js';

/** Raw reasoning text while it grows. */
export class ReasoningText {
  private text = '';

  constructor(
    private readonly place: ItemPlace & { readonly content_index: number },
    private readonly emit: Emit,
  ) {
    emit({ type: 'response.content_part.added', ...place, part: this.now() });
  }

  add(text: string): void {
    this.text += text;
    this.emit({ type: 'response.reasoning_text.delta', ...this.place, delta: text });
  }

  now(): ReasoningPart {
    return { type: 'reasoning_text', text: this.text };
  }

  close(): ReasoningPart {
    const part = this.now();
    this.emit({ type: 'response.reasoning_text.done', ...this.place, text: this.text });
    this.emit({ type: 'response.content_part.done', ...this.place, part });
    return part;
  }
}

/** A summary of the reasoning while it grows. */
export class ReasoningSummary {
  private text = '';

  constructor(
    private readonly place: ItemPlace & { readonly summary_index: number },
    private readonly emit: Emit,
  ) {
    emit({ type: 'response.reasoning_summary_part.added', ...place, part: this.now() });
  }

  add(text: string): void {
    this.text += text;
    this.emit({ type: 'response.reasoning_summary_text.delta', ...this.place, delta: text });
  }

  now(): SummaryPart {
    return { type: 'summary_text', text: this.text };
  }

  close(): SummaryPart {
    const part = this.now();
    this.emit({ type: 'response.reasoning_summary_text.done', ...this.place, text: this.text });
    this.emit({ type: 'response.reasoning_summary_part.done', ...this.place, part });
    return part;
  }
}
