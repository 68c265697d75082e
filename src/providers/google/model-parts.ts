import { isJsonObject, type JsonObject } from '../../base/json.js';
import type { ProviderSettings } from '../../catalog/model.js';
import type { AssistantPart, ReasoningPart, ToolCallPart } from '../../text/prompt.js';
import type { RefusedSignatures } from '../text/refused-signatures.js';
import { CUSTOM_INPUT } from './convert-tools.js';
import { readSpoken, signatureOfCall } from './signatures.js';
import type { ToolNames } from './tool-names.js';
import type { Part } from './wire.js';

/** Ids that the gateway, OpenAI and Anthropic make. The service needs back only the ids that it made. */
const FOREIGN_ID = /^(?:call_[A-Za-z0-9]{24,32}|toolu_\w+)$/;

export interface ModelContext {
  readonly provider: ProviderSettings;
  readonly names: ToolNames;
  readonly refused: RefusedSignatures;
}

/** A call whose output has to follow. */
export interface MadeCall {
  readonly callId: string | undefined;
  /** As the client has it. */
  readonly name: string;
  readonly sent: { readonly id?: string; readonly name: string };
}

/** What the assistant said, as parts; a signature of the scope is at the part that it came with. */
export class ModelParts {
  readonly parts: Part[] = [];
  readonly calls: MadeCall[] = [];
  /** Of a text that follows: chat clients have all signatures in front of the text. */
  private waiting: { readonly length: number; readonly signature: string } | undefined;
  /** Signatures of calls by their positions, for calls that come back without their fields. */
  private readonly ofCalls = new Map<number, string>();
  /** Position of the last text that has no signature; −1 for none. */
  private text = -1;

  constructor(
    said: readonly AssistantPart[],
    private readonly context: ModelContext,
  ) {
    for (const part of said) this.add(part);
    if (this.waiting) this.signText(this.waiting);
  }

  private add(part: AssistantPart): void {
    switch (part.type) {
      case 'text':
      case 'refusal':
        if (part.text !== '') this.text = this.parts.push({ text: part.text }) - 1;
        return;
      case 'reasoning':
        return this.addReasoning(part);
      case 'tool_call':
        return this.addCall(part);
      case 'search':
        return;
    }
  }

  /** Thoughts without a signature are summaries for people, which the service does not need. */
  private addReasoning({ text, signature }: ReasoningPart): void {
    const spoken = signature === undefined ? undefined : readSpoken(signature, this.context.provider);
    if (!spoken || this.context.refused.has(spoken.signature)) return;
    if (spoken.of === 'call') this.ofCalls.set(spoken.position, spoken.signature);
    else if (spoken.of === 'thought')
      this.parts.push({ text, thought: true, thoughtSignature: spoken.signature });
    else if (this.text < 0) this.waiting = spoken;
    else this.signText(spoken);
  }

  /** A signed part must not be joined with others, so the text is cut where the part began. */
  private signText({ length, signature }: { readonly length: number; readonly signature: string }): void {
    const position = this.text;
    this.text = -1;
    const text = this.parts[position]?.text ?? '';
    const cut = Math.max(0, text.length - length);
    const signed: Part = { text: text.slice(cut), thoughtSignature: signature };
    if (position < 0) this.parts.unshift(signed);
    else this.parts.splice(position, 1, ...(cut > 0 ? [{ text: text.slice(0, cut) }] : []), signed);
  }

  private addCall(call: ToolCallPart): void {
    const { kind, id, name } = call;
    const signature = signatureOfCall(call, this.context.provider) ?? this.ofCalls.get(this.calls.length);
    const isGood = signature !== undefined && !this.context.refused.has(signature);
    const sent = {
      ...(id !== undefined && id !== '' && !FOREIGN_ID.test(id) && { id }),
      name: this.context.names.of({ kind, name }),
    };
    this.calls.push({ callId: id, name, sent });
    this.parts.push({
      functionCall: { ...sent, args: argumentsOf(call) },
      ...(isGood && { thoughtSignature: signature }),
    });
  }
}

/** The service takes an object alone; anything else is kept as text in one. */
function argumentsOf({ kind, arguments: given }: ToolCallPart): JsonObject {
  if (kind === 'custom') return { [CUSTOM_INPUT]: given };
  if (given.trim() === '') return {};
  try {
    const value: unknown = JSON.parse(given);
    if (isJsonObject(value)) return value;
  } catch {
    // Some models make arguments that are no JSON, and the client sends them back as they were.
  }
  return { _unparsed: given };
}
