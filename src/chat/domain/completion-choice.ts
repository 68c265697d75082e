import { isJsonObject, type JsonObject, type JsonValue } from '../../base/json.js';
import { type CallFields, type FinishReason, type TextEvent } from '../../text/text-event.js';
import { callJson, objectOf } from './call-json.js';
import { reasoningDetail } from './reasoning-detail.js';
import { extraFields, OUR_CHOICE_FIELDS, OUR_MESSAGE_FIELDS } from './extra-fields.js';

type ChoiceEvent = Exclude<TextEvent, { type: 'opened' | 'usage' }>;

const LOGPROB_LISTS: ReadonlySet<string> = new Set(['content', 'refusal']);

/** Some services answer in several messages, and a completion has one. */
export const BETWEEN_MESSAGES = '\n\n';

interface ToolCall {
  readonly id: string;
  readonly name: string;
  readonly kind: 'function' | 'custom';
  text: string;
  fields: CallFields | undefined;
}

/** One choice of a whole answer, gathered event by event. */
export class CompletionChoice {
  private content: string | null = null;
  private refusal: string | null = null;
  private reasoning: string | undefined;
  /** The reasoning since the last signature. */
  private unsigned = '';
  private readonly details: JsonObject[] = [];
  private logprobs: JsonValue = null;
  private readonly logprobLists = new Map<string, JsonValue[]>();
  private finishReason: FinishReason | null = null;
  private readonly calls = new Map<number, ToolCall>();
  private readonly annotations: JsonObject[] = [];
  private readonly choiceExtras: JsonObject = {};
  private readonly messageExtras: JsonObject = {};

  add(event: ChoiceEvent): void {
    if (event.extras?.choice) Object.assign(this.choiceExtras, event.extras.choice);
    if (event.extras?.message) Object.assign(this.messageExtras, event.extras.message);
    switch (event.type) {
      case 'start':
      case 'frame':
      case 'item_start':
      case 'item_stage':
      case 'item_end':
        return;
      case 'message':
        if (this.content) this.content += BETWEEN_MESSAGES;
        return;
      case 'text':
        this.content = (this.content ?? '') + event.text;
        this.addLogprobs(event.logprobs);
        return;
      case 'refusal':
        this.refusal = (this.refusal ?? '') + event.text;
        this.addLogprobs(event.logprobs);
        return;
      case 'reasoning':
      case 'reasoning_summary':
        this.reasoning = (this.reasoning ?? '') + event.text;
        this.unsigned += event.text;
        return;
      case 'reasoning_signature':
        this.details.push(
          reasoningDetail({ text: this.unsigned, signature: event.signature }, this.details.length),
        );
        this.unsigned = '';
        return;
      case 'tool_call_start':
        this.startCall(event);
        return;
      case 'tool_call_delta':
        this.extendCall(event);
        return;
      case 'annotation':
        this.annotations.push(event.annotation);
        return;
      case 'finish':
        this.finishReason = event.reason;
    }
  }

  toJson(index: number): JsonObject {
    const calls = [...this.calls].sort(([a], [b]) => a - b).map(([, call]) => callJson(call));
    return {
      index,
      message: {
        role: 'assistant',
        content: this.content ?? (calls.length === 0 && !this.saysElsewhere ? '' : null),
        refusal: this.refusal,
        ...(this.reasoning === undefined ? {} : { reasoning_content: this.reasoning }),
        ...(this.details.length === 0 ? {} : { reasoning_details: this.details }),
        ...(calls.length === 0 ? {} : { tool_calls: calls }),
        ...(this.annotations.length === 0 ? {} : { annotations: this.annotations }),
        ...extraFields(this.messageExtras, OUR_MESSAGE_FIELDS),
      },
      logprobs: this.logprobs,
      finish_reason: this.finishReason,
      ...extraFields(this.choiceExtras, OUR_CHOICE_FIELDS),
    };
  }

  /** An answer without a word, call or refusal has an empty content: without any, OpenAI refuses it as a turn. */
  private get saysElsewhere(): boolean {
    return this.refusal !== null || Object.hasOwn(this.messageExtras, 'function_call');
  }

  private startCall({
    index,
    id,
    name,
    kind,
    fields,
  }: Extract<ChoiceEvent, { type: 'tool_call_start' }>): void {
    this.calls.set(index, { id, name, kind, fields, text: '' });
  }

  private extendCall({
    index,
    arguments: piece,
    fields,
  }: Extract<ChoiceEvent, { type: 'tool_call_delta' }>): void {
    const call = this.calls.get(index);
    if (!call) return;
    call.text += piece;
    if (fields) call.fields = joinFields(call.fields, fields, call.kind);
  }

  /** Log probabilities come in lists by kind (`content`, `refusal`); each piece continues the lists. */
  private addLogprobs(more: JsonValue | undefined): void {
    if (more === undefined || more === null) return;
    if (!isJsonObject(more)) {
      this.logprobs = more;
      return;
    }
    const joined: Record<string, JsonValue | undefined> = isJsonObject(this.logprobs) ? this.logprobs : {};
    for (const [name, value] of Object.entries(more)) {
      const list = this.logprobLists.get(name);
      if (!LOGPROB_LISTS.has(name) || !Array.isArray(value)) joined[name] ??= value;
      else if (list) for (const item of value as readonly JsonValue[]) list.push(item);
      else {
        const begun = [...(value as readonly JsonValue[])];
        this.logprobLists.set(name, begun);
        joined[name] = begun;
      }
    }
    this.logprobs = joined;
  }
}

function joinFields(before: CallFields = {}, more: CallFields, kind: ToolCall['kind']): CallFields {
  const inner = { ...objectOf(before[kind]), ...objectOf(more[kind]) };
  return { ...before, ...more, ...(Object.keys(inner).length > 0 && { [kind]: inner }) };
}
