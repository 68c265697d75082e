import { isJsonObject, type JsonObject, type JsonValue } from '../../json.js';
import { type FinishReason, type TextEvent } from '../../providers/text/text-event.js';
import { extraFields, OUR_CHOICE_FIELDS, OUR_MESSAGE_FIELDS } from './extra-fields.js';

type ChoiceEvent = Exclude<TextEvent, { type: 'opened' | 'usage' }>;

interface ToolCall {
  readonly id: string;
  readonly name: string;
  readonly kind: 'function' | 'custom';
  arguments: string;
}

/** One choice of a whole answer, gathered event by event. */
export class CompletionChoice {
  private content: string | null = null;
  private refusal: string | null = null;
  private reasoning: string | undefined;
  private logprobs: JsonValue = null;
  private finishReason: FinishReason | null = null;
  private readonly calls = new Map<number, ToolCall>();
  private readonly annotations: JsonObject[] = [];
  private choiceExtras: JsonObject = {};
  private messageExtras: JsonObject = {};

  add(event: ChoiceEvent): void {
    if (event.extras?.choice) this.choiceExtras = { ...this.choiceExtras, ...event.extras.choice };
    if (event.extras?.message) this.messageExtras = { ...this.messageExtras, ...event.extras.message };
    switch (event.type) {
      case 'start':
        return;
      case 'text':
        this.content = (this.content ?? '') + event.text;
        this.logprobs = joinLogprobs(this.logprobs, event.logprobs);
        return;
      case 'refusal':
        this.refusal = (this.refusal ?? '') + event.text;
        this.logprobs = joinLogprobs(this.logprobs, event.logprobs);
        return;
      case 'reasoning':
      case 'reasoning_summary':
        this.reasoning = (this.reasoning ?? '') + event.text;
        return;
      case 'tool_call_start':
        this.calls.set(event.index, { id: event.id, name: event.name, kind: event.kind, arguments: '' });
        return;
      case 'tool_call_delta':
        this.extendCall(event.index, event.arguments);
        return;
      case 'annotation':
        this.annotations.push(event.annotation);
        return;
      case 'finish':
        this.finishReason = event.reason;
    }
  }

  toJson(index: number): JsonObject {
    const calls = [...this.calls].sort(([a], [b]) => a - b).map(([, call]) => toolCallJson(call));
    return {
      index,
      message: {
        role: 'assistant',
        content: this.content,
        refusal: this.refusal,
        ...(this.reasoning === undefined ? {} : { reasoning_content: this.reasoning }),
        ...(calls.length === 0 ? {} : { tool_calls: calls }),
        ...(this.annotations.length === 0 ? {} : { annotations: this.annotations }),
        ...extraFields(this.messageExtras, OUR_MESSAGE_FIELDS),
      },
      logprobs: this.logprobs,
      finish_reason: this.finishReason,
      ...extraFields(this.choiceExtras, OUR_CHOICE_FIELDS),
    };
  }

  private extendCall(index: number, piece: string): void {
    const call = this.calls.get(index);
    if (call) call.arguments += piece;
  }
}

function toolCallJson({ id, name, kind, arguments: text }: ToolCall): JsonObject {
  return kind === 'custom'
    ? { id, type: 'custom', custom: { name, input: text } }
    : { id, type: 'function', function: { name, arguments: text } };
}

/** Log probabilities come in lists by kind (`content`, `refusal`) that go on from one piece to the next. */
function joinLogprobs(before: JsonValue, more: JsonValue | undefined): JsonValue {
  if (more === undefined || more === null) return before;
  if (!isJsonObject(before) || !isJsonObject(more)) return more;
  const joined: Record<string, JsonValue | undefined> = { ...before };
  for (const kind of ['content', 'refusal']) {
    const [head, tail] = [before[kind], more[kind]];
    if (Array.isArray(tail))
      joined[kind] = [...(Array.isArray(head) ? (head as JsonValue[]) : []), ...(tail as JsonValue[])];
  }
  return joined;
}
