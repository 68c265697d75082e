import type { Outcome } from '../../payments/outcome.js';
import type { BodyPresenter, HeaderFields } from '../../streaming/presenter.js';
import type { TextEvent } from '../../text/text-event.js';
import { isBlockEvent } from '../domain/message-event.js';
import type { MessageReducer } from '../domain/message-reducer.js';
import { WholeContent } from '../domain/whole-content.js';

/** One Message. A failure is thrown: an answer has one status. */
export class MessageBody implements BodyPresenter<Outcome<TextEvent>> {
  private readonly content = new WholeContent();

  constructor(
    private readonly reducer: MessageReducer,
    private readonly fields: HeaderFields = {},
  ) {}

  add(item: Outcome<TextEvent>): void {
    if ('failure' in item) throw item.failure;
    if (!('event' in item)) return;
    for (const event of this.reducer.accept(item.event)) if (isBlockEvent(event)) this.content.add(event);
  }

  headers(): HeaderFields {
    return this.fields;
  }

  body(): string {
    const { begun, content = this.content.toJson(), ending, usage } = this.reducer;
    return JSON.stringify({ ...begun, content, ...ending, usage });
  }
}
