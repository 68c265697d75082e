import { isJsonObject, type JsonObject, type JsonValue } from '../../base/json.js';
import { newId } from '../../base/ids.js';
import type { FinishReason, SpokenEvent } from '../../text/text-event.js';
import { malformed } from '../http/malformed.js';
import { failedFinish } from '../openai/map-finish-reason.js';
import { convertGrounding } from './convert-grounding.js';
import { convertLogprobs } from './convert-logprobs.js';
import { CUSTOM_INPUT } from './convert-tools.js';
import { finishReasonOf } from './finish-reason.js';
import { fieldsOfCall, type SpokenSignature, writeSpoken } from './signatures.js';
import type { ToolNames } from './tool-names.js';

const MAX_CALLS = 1_024;
const MAX_ID_LENGTH = 256;

export interface CandidateContext {
  readonly names: ToolNames;
  /** Whose signatures they are: `reasoningScopeOf`. */
  readonly scope: string;
  /** A forced call is no reason to continue, and OpenAI says `stop`. */
  readonly isCallForced: boolean;
  /** Ids of calls that this answer has used. */
  readonly ids: Set<string>;
}

/** One candidate of an answer while it grows. */
export class Candidate {
  reason: FinishReason | undefined;
  private calls = 0;
  /** Its text is kept only where it is needed: for the places of citations. */
  private readonly texts: string[] = [];
  private grounding: JsonObject | undefined;
  /** A text's signature waits until something follows, since clients are shown it as a block of its own. */
  private signature: Extract<SpokenSignature, { of: 'text' }> | undefined;

  constructor(
    private readonly choice: number,
    private readonly context: CandidateContext,
    private readonly keepsText: boolean,
  ) {}

  /** @throws UpstreamFailure for a candidate that failed. */
  convert(candidate: JsonObject, events: SpokenEvent[]): void {
    const { content, finishReason, groundingMetadata, logprobsResult } = candidate;
    const logprobs = convertLogprobs(logprobsResult);
    const first = events.length;
    const parts = isJsonObject(content) ? content['parts'] : undefined;
    if (Array.isArray(parts)) {
      for (const part of parts as readonly JsonValue[])
        if (isJsonObject(part)) this.convertPart(part, events);
    }
    if (logprobs) this.addLogprobs(logprobs, events, first);
    if (isJsonObject(groundingMetadata)) this.grounding = groundingMetadata;
    const reason = finishReasonOf(finishReason);
    if (reason === 'failed') throw failedFinish(finishReason);
    if (reason && (this.reason === undefined || reason !== 'stop')) this.reason = reason;
  }

  finish(events: SpokenEvent[]): void {
    const { choice, reason = 'stop', grounding } = this;
    if (grounding) {
      for (const annotation of convertGrounding(grounding, this.texts.join('')))
        events.push({ type: 'annotation', choice, annotation });
    }
    this.flushSignature(events);
    const called = reason === 'stop' && this.calls > 0 && !this.context.isCallForced;
    events.push({ type: 'finish', choice, reason: called ? 'tool_calls' : reason });
  }

  private convertPart(part: JsonObject, events: SpokenEvent[]): void {
    const { text = '', thought, thoughtSignature: signature, functionCall } = part;
    if (isJsonObject(functionCall)) return this.convertCall(functionCall, signature, events);
    // Images, code and its results have no place on the wires of clients.
    if (typeof text !== 'string') return;
    if (thought === true) return this.convertThought(text, signature, events);
    if (text !== '') {
      this.flushSignature(events);
      events.push({ type: 'text', choice: this.choice, text });
      if (this.keepsText) this.texts.push(text);
    }
    if (typeof signature === 'string' && signature !== '')
      this.signature = { of: 'text', length: text.length, signature };
  }

  private convertThought(text: string, signature: JsonValue | undefined, events: SpokenEvent[]): void {
    const { choice } = this;
    this.flushSignature(events);
    if (text !== '') events.push({ type: 'reasoning', choice, text });
    if (typeof signature === 'string' && signature !== '') this.sign({ of: 'thought', signature }, events);
  }

  /** A call comes whole. */
  private convertCall(call: JsonObject, signature: JsonValue | undefined, events: SpokenEvent[]): void {
    const { choice } = this;
    if (typeof call['name'] !== 'string' || call['name'] === '') return;
    if (this.calls >= MAX_CALLS) throw malformed('too many tool calls');
    this.flushSignature(events);
    const { kind, name } = this.context.names.called(call['name']);
    const args = isJsonObject(call['args']) ? call['args'] : {};
    const input = args[CUSTOM_INPUT];
    const said = kind === 'custom' && typeof input === 'string' ? input : JSON.stringify(args);
    const fields = fieldsOfCall(signature);
    const index = this.calls;
    this.calls += 1;
    const id = this.idOf(call['id']);
    if (typeof signature === 'string' && fields)
      this.sign({ of: 'call', position: index, signature }, events);
    events.push({ type: 'tool_call_start', choice, index, id, name, kind, ...(fields && { fields }) });
    events.push({ type: 'tool_call_delta', choice, index, arguments: said });
  }

  private idOf(id: JsonValue | undefined): string {
    const { ids } = this.context;
    const isGood = typeof id === 'string' && id !== '' && id.length <= MAX_ID_LENGTH && !ids.has(id);
    if (isGood) ids.add(id);
    return isGood ? id : newId('call');
  }

  private flushSignature(events: SpokenEvent[]): void {
    const { signature } = this;
    this.signature = undefined;
    if (signature) this.sign(signature, events);
  }

  private sign(spoken: SpokenSignature, events: SpokenEvent[]): void {
    const signature = writeSpoken(spoken, this.context.scope);
    events.push({ type: 'reasoning_signature', choice: this.choice, signature });
  }

  /** The probabilities of a frame belong to its last text. */
  private addLogprobs(logprobs: JsonObject, events: SpokenEvent[], first: number): void {
    const { choice } = this;
    for (let position = events.length - 1; position >= first; position -= 1) {
      const event = events[position];
      if (event?.type !== 'text') continue;
      events[position] = { ...event, logprobs };
      return;
    }
    events.push({ type: 'text', choice, text: '', logprobs });
  }
}
