import { type JsonObject } from '../../base/json.js';
import { type TextEvent } from '../../text/text-event.js';
import { CompletionChoice } from './completion-choice.js';
import { extraFields, OUR_ANSWER_FIELDS } from './extra-fields.js';
import { usageJson } from './usage-json.js';

/** Fields that are the same in every chunk and in the whole answer. */
export interface CompletionHead {
  readonly responseId: string;
  /** Epoch seconds. */
  readonly createdSeconds: number;
  /** The public model id of the request. */
  readonly model: string;
}

/** Gathers the events of one answer, streamed or whole, into one `chat.completion`. */
export class Completion {
  private readonly choices = new Map<number, CompletionChoice>();
  private usage: JsonObject | undefined;
  private readonly extras: JsonObject = {};

  constructor(private readonly head: CompletionHead) {}

  add(event: TextEvent): void {
    if (event.type === 'opened') return;
    if (event.extras?.answer) Object.assign(this.extras, event.extras.answer);
    if (event.type === 'usage') this.usage = usageJson(event);
    else this.choiceOf(event.choice).add(event);
  }

  toJson(): JsonObject {
    const choices = [...this.choices]
      .sort(([a], [b]) => a - b)
      .map(([index, choice]) => choice.toJson(index));
    return {
      id: this.head.responseId,
      object: 'chat.completion',
      created: this.head.createdSeconds,
      model: this.head.model,
      choices,
      ...(this.usage === undefined ? {} : { usage: this.usage }),
      ...extraFields(this.extras, OUR_ANSWER_FIELDS),
    };
  }

  private choiceOf(index: number): CompletionChoice {
    let choice = this.choices.get(index);
    if (choice === undefined) {
      choice = new CompletionChoice();
      this.choices.set(index, choice);
    }
    return choice;
  }
}
