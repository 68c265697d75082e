import type { JsonObject } from '../../base/json.js';
import { reasoningDetail } from '../domain/reasoning-detail.js';
import { type Extras, type TextEvent } from '../../text/text-event.js';
import { BETWEEN_MESSAGES } from '../domain/completion-choice.js';
import { callJson, objectOf } from '../domain/call-json.js';
import { OUR_MESSAGE_FIELDS } from '../domain/extra-fields.js';
import { type ChunkWriter, fieldsText } from './chunk-writer.js';

type ChoiceEvent = Exclude<TextEvent, { type: 'opened' | 'usage' }>;
type CallStart = Extract<ChoiceEvent, { type: 'tool_call_start' }>;
type CallDelta = Extract<ChoiceEvent, { type: 'tool_call_delta' }>;

interface Reasoning {
  /** Since the last signature. */
  text: string;
  /** Number of signatures. */
  signed: number;
}

/** Writes the events of each choice as chunks: its role comes once and first, its finish reason once and last. */
export class DeltaWriter {
  private readonly begun = new Set<number>();
  private readonly finished = new Set<number>();
  /** Choices that have said some text. */
  private readonly spoken = new Set<number>();
  /** `choice:index` of calls whose input is free text; most streams have none. */
  private readonly customCalls = new Set<string>();
  private readonly reasoning = new Map<number, Reasoning>();

  constructor(private readonly chunks: ChunkWriter) {}

  frames(event: ChoiceEvent): string {
    const { choice, extras } = event;
    if (this.begun.has(choice)) return this.following(event);
    this.begun.add(choice);
    if (event.type !== 'start') return this.roleChunk(choice) + this.following(event);
    return this.roleChunk(choice, extras);
  }

  private roleChunk(choice: number, extras?: Extras): string {
    return this.chunks.delta(choice, delta('"role":"assistant","content":""', extras), extras);
  }

  private following(event: ChoiceEvent): string {
    const { choice, extras } = event;
    if (event.type === 'finish') return this.finish(event);
    const fields = this.fields(event);
    if (fields === '' && !extras?.message) return '';
    const logprobs = event.type === 'text' || event.type === 'refusal' ? event.logprobs : undefined;
    return this.chunks.delta(choice, delta(fields, extras), extras, logprobs);
  }

  /** The chunk that finishes a choice has an empty delta, so unknown fields of the message go before it. */
  private finish({ choice, reason, extras }: Extract<ChoiceEvent, { type: 'finish' }>): string {
    if (this.finished.has(choice)) return '';
    this.finished.add(choice);
    const before = extras?.message ? this.chunks.delta(choice, delta('', extras)) : '';
    return before + this.chunks.finish(choice, reason, extras);
  }

  private fields(event: Exclude<ChoiceEvent, { type: 'finish' }>): string {
    switch (event.type) {
      case 'start':
      case 'frame':
      case 'item_start':
      case 'item_stage':
      case 'item_end':
        return '';
      case 'message':
        return this.spoken.has(event.choice) ? `"content":${JSON.stringify(BETWEEN_MESSAGES)}` : '';
      case 'text':
        if (event.text !== '') this.spoken.add(event.choice);
        return event.text === '' && event.logprobs === undefined
          ? ''
          : `"content":${JSON.stringify(event.text)}`;
      case 'refusal':
        return `"refusal":${JSON.stringify(event.text)}`;
      case 'reasoning':
      case 'reasoning_summary':
        this.reasoningOf(event.choice).text += event.text;
        return `"reasoning_content":${JSON.stringify(event.text)}`;
      case 'reasoning_signature':
        return this.detail(event);
      case 'tool_call_start':
        return this.callStart(event);
      case 'tool_call_delta':
        return this.callDelta(event);
      case 'annotation':
        return `"annotations":[${JSON.stringify(event.annotation)}]`;
    }
  }

  /** A signed block comes whole: its text has been shown in pieces, but belongs to the signature. */
  private detail({ choice, signature }: Extract<ChoiceEvent, { type: 'reasoning_signature' }>): string {
    const reasoning = this.reasoningOf(choice);
    const detail = reasoningDetail({ text: reasoning.text, signature }, reasoning.signed);
    reasoning.text = '';
    reasoning.signed += 1;
    return `"reasoning_details":[${JSON.stringify(detail)}]`;
  }

  private reasoningOf(choice: number): Reasoning {
    const known = this.reasoning.get(choice);
    if (known) return known;
    const begun = { text: '', signed: 0 };
    this.reasoning.set(choice, begun);
    return begun;
  }

  private callStart({ choice, index, id, name, kind, fields }: CallStart): string {
    if (kind === 'custom') this.customCalls.add(`${choice}:${index}`);
    return toolCalls({ index, ...callJson({ id, name, kind, fields, text: '' }) });
  }

  private callDelta({ choice, index, arguments: piece, fields }: CallDelta): string {
    const isCustom = this.customCalls.size > 0 && this.customCalls.has(`${choice}:${index}`);
    const kind = isCustom ? 'custom' : 'function';
    if (!fields) {
      const body = isCustom ? `"custom":{"input":` : `"function":{"arguments":`;
      return `"tool_calls":[{"index":${index},${body}${JSON.stringify(piece)}}}]`;
    }
    const { [kind]: inner, ...outer } = fields;
    const body = isCustom ? { input: piece } : { arguments: piece };
    return toolCalls({ index, ...outer, [kind]: { ...objectOf(inner), ...body } });
  }
}

function toolCalls(call: JsonObject): string {
  return `"tool_calls":[${JSON.stringify(call)}]`;
}

function delta(fields: string, extras: Extras | undefined): string {
  if (!extras?.message) return `{${fields}}`;
  const more = fieldsText(extras.message, OUR_MESSAGE_FIELDS);
  return `{${fields === '' ? more.slice(1) : fields + more}}`;
}
