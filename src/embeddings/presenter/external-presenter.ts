import type { Outcome } from '../../payments/outcome.js';
import type { EmbeddingEvent } from '../../providers/embedding/embedding-event.js';
import type { Vector } from '../../providers/embedding/vector.js';
import type { BodyPresenter, HeaderFields } from '../../streaming/presenter.js';

/** One list of embeddings in OpenAI's shape and nothing else. A failure is thrown: an answer has one status. */
export class ExternalPresenter implements BodyPresenter<Outcome<EmbeddingEvent>> {
  private vectors: readonly Vector[] = [];
  private inputTokens = 0;

  /** @param model as the client named it */
  constructor(private readonly model: string) {}

  add(item: Outcome<EmbeddingEvent>): void {
    if ('failure' in item) throw item.failure;
    if (!('event' in item)) return;
    const { event } = item;
    if (event.type === 'embeddings') this.vectors = event.vectors;
    else if (event.type === 'usage') this.inputTokens = event.inputTokens;
  }

  headers(): HeaderFields {
    return {};
  }

  body(): string {
    const { vectors, model, inputTokens } = this;
    return JSON.stringify({
      object: 'list',
      data: vectors.map((embedding, index) => ({ object: 'embedding', index, embedding })),
      model,
      usage: { prompt_tokens: inputTokens, total_tokens: inputTokens },
    });
  }
}
