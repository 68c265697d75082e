import { type Outcome } from '../../payments/outcome.js';
import { type TextEvent } from '../../text/text-event.js';
import { type BodyPresenter, type HeaderFields } from '../../streaming/presenter.js';
import { Completion, type CompletionHead } from '../domain/completion.js';

/** One `chat.completion` in OpenAI's shape and nothing else. A failure is thrown: an answer has one status. */
export class ExternalBodyPresenter implements BodyPresenter<Outcome<TextEvent>> {
  private readonly completion: Completion;

  constructor(head: CompletionHead) {
    this.completion = new Completion(head);
  }

  add(item: Outcome<TextEvent>): void {
    if ('failure' in item) throw item.failure;
    if ('event' in item) this.completion.add(item.event);
  }

  headers(): HeaderFields {
    return {};
  }

  body(): string {
    return JSON.stringify(this.completion.toJson());
  }
}
