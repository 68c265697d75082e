import type { JsonObject } from '../../base/json.js';
import type {
  AssistantPart,
  ContentPart,
  PromptMessage,
  ReasoningPart,
  SearchPart,
  TextPart,
} from '../../text/prompt.js';
import { phaseIn, type Phase } from '../../text/text-event.js';
import { isSignature } from '../../text/signature.js';
import { isDeclaration } from '../domain/compacted.js';
import { isCall, isOutput, pairCalls, type PairedCalls } from '../domain/pair-calls.js';
import { convertCall, convertOutput } from './convert-call.js';
import { convertContent, convertSaid, isText } from './convert-content.js';
import { objectsIn, textIn } from '../../base/json-fields.js';
import type { ToolNames } from './tool-names.js';

/** Items of a context that only the gateway reads. */
const MARKS = new Set(['compaction', 'compaction_trigger']);

/** One message of the assistant, with the calls whose outputs have to follow directly. */
interface Turn {
  readonly phase?: Phase | undefined;
  readonly parts: AssistantPart[];
  /** Positions of the calls among the items. */
  readonly calls: number[];
}

/** Items → messages of a prompt. A call without its output is left out, and so is an output without its call. */
export class ItemConverter {
  /** Types of items that a chat upstream has no place for. */
  readonly leftOut = new Set<string>();
  private readonly messages: PromptMessage[] = [];
  private readonly pairs: PairedCalls;
  private turn: Turn | undefined;
  /** Reasoning, and searches of the service, that wait for the assistant's next message or call. */
  private reasoning: (ReasoningPart | SearchPart)[] = [];

  constructor(
    private readonly items: readonly JsonObject[],
    private readonly names: ToolNames,
    /** Whether the model knows of searches. */
    private readonly searches: boolean,
  ) {
    this.pairs = pairCalls(items);
  }

  convert(): readonly PromptMessage[] {
    this.items.forEach((item, index) => this.add(item, index));
    this.endTurn();
    return this.messages;
  }

  private add(item: JsonObject, index: number): void {
    if (item['type'] === 'message') return this.addMessage(item);
    if (isCall(item)) return this.addCall(index, item);
    // The output is written after its call.
    if (isOutput(item)) return this.endTurn();
    const type = textIn(item['type']) ?? '';
    if (type === 'reasoning') this.reasoning.push(...reasoningIn(item));
    else if (type === 'web_search_call' && this.searches) this.reasoning.push({ type: 'search', item });
    else if (type === 'function_call_output') this.addUnasked(item);
    else if (!isDeclaration(item) && !MARKS.has(type)) this.leftOut.add(type);
  }

  /** An output that belongs to no call cannot be a tool message, so it becomes a user message. */
  private addUnasked(item: JsonObject): void {
    const name = textIn(item['name']) ?? 'a tool';
    this.say('user', [{ type: 'text', text: `Output of ${name}:` }, ...convertContent(item['output'])]);
  }

  private addMessage({ role, content, phase }: JsonObject): void {
    if (role === 'assistant') {
      const said = convertSaid(content);
      if (said.length === 0) return;
      this.endTurn();
      this.turn = { phase: phaseIn(phase), parts: [...this.takeReasoning(), ...said], calls: [] };
      return;
    }
    const parts = convertContent(content);
    if (role === 'user') return this.say('user', parts);
    // `developer` means the same as `system`, which more upstreams know. A system message can only have text.
    this.say('system', parts.filter(isText));
    this.say(
      'user',
      parts.filter((part) => !isText(part)),
    );
  }

  private addCall(index: number, item: JsonObject): void {
    if (!this.pairs.outputOf.has(index)) return;
    this.turn ??= { parts: [], calls: [] };
    this.turn.parts.push(...this.takeReasoning(), convertCall(item, this.names));
    this.turn.calls.push(index);
  }

  private say(role: 'user', parts: readonly ContentPart[]): void;
  private say(role: 'system', parts: readonly TextPart[]): void;
  private say(role: 'user' | 'system', parts: readonly TextPart[]): void {
    if (parts.length === 0) return;
    this.turn?.parts.push(...this.takeReasoning().filter(isSignatureAlone));
    this.endTurn();
    this.reasoning = [];
    this.messages.push({ role, parts });
  }

  private endTurn(): void {
    if (!this.turn) return;
    const { phase, parts, calls } = this.turn;
    this.turn = undefined;
    this.messages.push({ role: 'assistant', parts, ...(phase && { phase }) });
    this.addOutputs(calls);
  }

  /** Adds the outputs directly after the calls. */
  private addOutputs(calls: readonly number[]): void {
    for (const index of calls) {
      const call = this.items[index];
      const output = this.items[this.pairs.outputOf.get(index) ?? -1];
      if (call && output) this.messages.push(convertOutput(call, output, this.names));
    }
  }

  private takeReasoning(): readonly (ReasoningPart | SearchPart)[] {
    const taken = this.reasoning;
    this.reasoning = [];
    return taken;
  }
}

/** Some providers sign the end of what was said: such an item belongs to the turn before it. */
function isSignatureAlone(part: ReasoningPart | SearchPart): boolean {
  return part.type === 'reasoning' && part.text === '' && part.signature !== undefined;
}

/** The model's reasoning. The client may have been shown only its summary. */
function reasoningIn({
  content,
  summary,
  encrypted_content: encrypted,
}: JsonObject): readonly ReasoningPart[] {
  const raw = objectsIn(content);
  const parts = raw.length > 0 ? raw : objectsIn(summary);
  const text = parts.map((part) => textIn(part['text']) ?? '').join('\n');
  const signature = isSignature(encrypted) ? encrypted : undefined;
  return text === '' && signature === undefined ? [] : [{ type: 'reasoning', text, signature }];
}
