import type { JsonObject, JsonValue } from '../../base/json.js';
import type { Emit, ItemPlace } from './emit.js';
import type { OutputTextPart, RefusalPart } from './item.js';

/** The text of a message while it grows. `now` may be called at any time, and nothing after `close`. */
export class OutputText {
  private text = '';
  private readonly annotations: JsonObject[] = [];
  private readonly logprobs: JsonValue[] = [];

  constructor(
    private readonly place: ItemPlace & { readonly content_index: number },
    private readonly emit: Emit,
  ) {
    emit({ type: 'response.content_part.added', ...place, part: this.now() });
  }

  add(text: string, logprobs: readonly JsonValue[]): void {
    this.text += text;
    for (const logprob of logprobs) this.logprobs.push(logprob);
    this.emit({ type: 'response.output_text.delta', ...this.place, delta: text, logprobs });
  }

  annotate(annotation: JsonObject): void {
    const annotation_index = this.annotations.push(annotation) - 1;
    this.emit({ type: 'response.output_text.annotation.added', ...this.place, annotation_index, annotation });
  }

  now(): OutputTextPart {
    return {
      type: 'output_text',
      text: this.text,
      annotations: [...this.annotations],
      logprobs: [...this.logprobs],
    };
  }

  close(): OutputTextPart {
    const part = this.now();
    const { text, logprobs } = part;
    this.emit({ type: 'response.output_text.done', ...this.place, text, logprobs });
    this.emit({ type: 'response.content_part.done', ...this.place, part });
    return part;
  }
}

/** A refusal while it grows. */
export class Refusal {
  private refusal = '';

  constructor(
    private readonly place: ItemPlace & { readonly content_index: number },
    private readonly emit: Emit,
  ) {
    emit({ type: 'response.content_part.added', ...place, part: this.now() });
  }

  add(text: string): void {
    this.refusal += text;
    this.emit({ type: 'response.refusal.delta', ...this.place, delta: text });
  }

  now(): RefusalPart {
    return { type: 'refusal', refusal: this.refusal };
  }

  close(): RefusalPart {
    const part = this.now();
    this.emit({ type: 'response.refusal.done', ...this.place, refusal: this.refusal });
    this.emit({ type: 'response.content_part.done', ...this.place, part });
    return part;
  }
}
