import { type JsonObject, type JsonValue } from '../../base/json.js';
import { dataFrame } from '../../streaming/frames.js';
import { type Extras, type FinishReason } from '../../text/text-event.js';
import { type CompletionHead } from '../domain/completion.js';
import { extraFields, OUR_ANSWER_FIELDS, OUR_CHOICE_FIELDS } from '../domain/extra-fields.js';

/**
 * Writes `chat.completion.chunk` frames. Fields that are the same in every chunk of a stream are serialised once; only
 * the others are serialised for each chunk.
 */
export class ChunkWriter {
  private readonly head: string;
  private readonly tail: string;
  /** The answer's fields of the last chunk that had some. */
  private written: { readonly fields: JsonObject; readonly text: string } | undefined;

  /** With `usageNull` each chunk but the usage chunk says `usage: null`, as clients that ask for usage expect. */
  constructor({ responseId, createdSeconds, model }: CompletionHead, usageNull: boolean) {
    const fields = { id: responseId, object: 'chat.completion.chunk', created: createdSeconds, model };
    this.head = JSON.stringify(fields).slice(0, -1);
    this.tail = usageNull ? ',"usage":null}' : '}';
  }

  /** `delta` is JSON text. */
  delta(choice: number, delta: string, extras?: Extras, logprobs?: JsonValue): string {
    return this.choice(choice, delta, logprobs, 'null', extras);
  }

  finish(choice: number, reason: FinishReason, extras?: Extras): string {
    return this.choice(choice, '{}', undefined, `"${reason}"`, extras);
  }

  usage(usage: JsonObject, extras?: Extras): string {
    return dataFrame(
      `${this.head}${this.answerExtras(extras)},"choices":[],"usage":${JSON.stringify(usage)}}`,
    );
  }

  /** Most answers have the same fields in every chunk. */
  private answerExtras(extras: Extras | undefined): string {
    const fields = extras?.answer;
    if (fields === undefined) return '';
    if (fields !== this.written?.fields)
      this.written = { fields, text: fieldsText(fields, OUR_ANSWER_FIELDS) };
    return this.written.text;
  }

  private choice(
    index: number,
    delta: string,
    logprobs: JsonValue | undefined,
    finishReason: string,
    extras: Extras | undefined,
  ): string {
    const probabilities = logprobs === undefined ? 'null' : JSON.stringify(logprobs);
    const choiceExtras = fieldsText(extras?.choice, OUR_CHOICE_FIELDS);
    return dataFrame(
      `${this.head}${this.answerExtras(extras)},"choices":[{"index":${index},"delta":${delta},"logprobs":${probabilities},"finish_reason":${finishReason}${choiceExtras}}]${this.tail}`,
    );
  }
}

/** `,"name":value` for each field, to be written after other fields; empty when there is no field. */
export function fieldsText(fields: JsonObject | undefined, ours: ReadonlySet<string>): string {
  const kept = extraFields(fields, ours);
  return kept === undefined ? '' : `,${JSON.stringify(kept).slice(1, -1)}`;
}
