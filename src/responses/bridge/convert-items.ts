import type { JsonObject, JsonValue } from '../../base/json.js';
import { isDeclaration } from '../domain/compacted.js';
import { isCall, isOutput, pairCalls, type PairedCalls } from '../domain/pair-calls.js';
import { convertCall, convertOutput } from './convert-call.js';
import { allParts, asContent, convertContent, joinedText } from './convert-content.js';
import { objectsIn, textIn } from '../domain/fields.js';
import type { ToolNames } from './tool-names.js';

/** What stands in a context for the gateway alone. */
const MARKS = new Set(['compaction', 'compaction_trigger']);

/** What the assistant said in one go: its text, its calls, and the outputs that have to follow at once. */
interface Turn {
  readonly content: JsonValue;
  reasoning: string;
  readonly calls: number[];
}

/** Items → messages of the chat wire. A call or output that lost its other half is left out. */
export class ItemConverter {
  /** Types of items that a chat upstream has no place for. */
  readonly leftOut = new Set<string>();
  private readonly messages: JsonObject[] = [];
  private readonly pairs: PairedCalls;
  private turn: Turn | undefined;
  /** Raw reasoning that waits for what the assistant says after it. */
  private reasoning = '';

  constructor(
    private readonly items: readonly JsonObject[],
    private readonly names: ToolNames,
  ) {
    this.pairs = pairCalls(items);
  }

  convert(): readonly JsonObject[] {
    this.items.forEach((item, index) => this.add(item, index));
    this.endTurn();
    return this.messages;
  }

  private add(item: JsonObject, index: number): void {
    if (item['type'] === 'message') return this.addMessage(item);
    if (isCall(item)) return this.addCall(index);
    // It has been written behind its call.
    if (isOutput(item)) return this.endTurn();
    const type = textIn(item['type']) ?? '';
    if (type === 'reasoning') this.reasoning += reasoningIn(item);
    else if (type === 'function_call_output') this.addUnasked(item);
    else if (!isDeclaration(item) && !MARKS.has(type)) this.leftOut.add(type);
  }

  /** An output that no call has led to can be no message of a tool. */
  private addUnasked(item: JsonObject): void {
    const name = textIn(item['name']) ?? 'a tool';
    const said = [{ type: 'text', text: `Output of ${name}:` }, ...allParts(item['output'])];
    this.say({ role: 'user', content: said });
  }

  private addMessage({ role, content }: JsonObject): void {
    if (role === 'assistant') {
      const said = asContent(convertContent(content).parts);
      if (said === undefined) return;
      this.endTurn();
      this.turn = { content: said, reasoning: this.takeReasoning(), calls: [] };
    } else if (role === 'user') {
      const said = asContent(allParts(content).map(withoutRefusal));
      if (said !== undefined) this.say({ role, content: said });
    } else {
      // Both words mean the same, and more upstreams know `system`; it takes text alone.
      const { parts, attachments } = convertContent(content);
      const said = asContent(parts.map(withoutRefusal));
      if (said !== undefined) this.say({ role: 'system', content: said });
      if (attachments.length > 0) this.say({ role: 'user', content: attachments });
    }
  }

  private addCall(index: number): void {
    if (!this.pairs.outputOf.has(index)) return;
    this.turn ??= { content: null, reasoning: '', calls: [] };
    this.turn.reasoning += this.takeReasoning();
    this.turn.calls.push(index);
  }

  private say(message: JsonObject): void {
    this.endTurn();
    this.reasoning = '';
    this.messages.push(message);
  }

  private endTurn(): void {
    if (!this.turn) return;
    const { content, reasoning, calls } = this.turn;
    this.turn = undefined;
    const called = calls.map((index) => this.items[index]).filter((item) => item !== undefined);
    this.messages.push({
      role: 'assistant',
      content,
      ...(reasoning === '' ? {} : { reasoning_content: reasoning }),
      ...(called.length === 0 ? {} : { tool_calls: called.map((item) => convertCall(item, this.names)) }),
    });
    this.addOutputs(calls);
  }

  /** The chat wire wants every output right behind the calls; what is no text comes after them, from the user. */
  private addOutputs(calls: readonly number[]): void {
    const attached: JsonObject[] = [];
    for (const index of calls) {
      const call = this.items[index];
      const output = this.items[this.pairs.outputOf.get(index) ?? -1];
      if (!call || !output) continue;
      const { message, attachments } = convertOutput(call, output, this.names);
      this.messages.push(message);
      if (attachments.length === 0) continue;
      const id = textIn(call['call_id']) ?? '';
      attached.push({ type: 'text', text: `Output of tool call ${id}:` }, ...attachments);
    }
    if (attached.length > 0) this.messages.push({ role: 'user', content: attached });
  }

  private takeReasoning(): string {
    const taken = this.reasoning;
    this.reasoning = '';
    return taken;
  }
}

/** What the model thought, which its client may have been shown as a summary alone. */
function reasoningIn({ content, summary }: JsonObject): string {
  const raw = objectsIn(content);
  const parts = raw.length > 0 ? raw : objectsIn(summary);
  return parts.map(({ text }) => textIn(text) ?? '').join('\n');
}

/** Only an assistant can refuse on the chat wire. */
function withoutRefusal(part: JsonObject): JsonObject {
  return part['type'] === 'refusal' ? { type: 'text', text: joinedText([part]) } : part;
}
