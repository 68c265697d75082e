import type { Profile, ToolCallIdRule } from '../../../../catalog/profile.js';
import type { JsonObject } from '../../../../base/json.js';
import { pick } from '../../../../base/json-fields.js';
import type {
  AssistantMessage,
  PromptMessage,
  ReasoningPart,
  RefusalPart,
  SearchPart,
  TextPart,
  ToolCallPart,
  ToolMessage,
} from '../../../../text/prompt.js';
import { unwrapInput } from '../../../../text/unwrap-input.js';
import { ownSignature } from '../../../../text/signature.js';
import type { RefusedSignatures } from '../../../text/refused-signatures.js';
import { FittingIds } from '../../../fitting-ids.js';
import { convertOutput, convertPart, convertSaid } from './convert-content.js';

/** Whose encrypted reasoning the upstream can read. */
export interface ReasoningSource {
  readonly scope: string;
  readonly refused: Pick<RefusedSignatures, 'has'>;
}

export interface ConvertedMessages {
  readonly items: readonly JsonObject[];
  /** The signatures in them, as the client has them. */
  readonly signatures: readonly string[];
}

/**
 * Messages → input items, in the same order. No item has an id: the upstream keeps none of ours, looks up an id that
 * comes with an item, and refuses encrypted reasoning beside an id that it did not give it.
 *
 * @param customs names of functions that are custom tools here
 */
export function convertMessages(
  messages: readonly PromptMessage[],
  source: ReasoningSource,
  profile: Profile,
  customs: ReadonlySet<string>,
): ConvertedMessages {
  const ids = new CallIds(messages, profile.toolCallIds);
  const writer = new ItemWriter(source, profile, customs, ids);
  for (const message of messages) writer.add(message);
  return writer;
}

class ItemWriter implements ConvertedMessages {
  readonly items: JsonObject[] = [];
  readonly signatures: string[] = [];
  /** Ids of custom calls, as the client has them. */
  private readonly customCalls = new Set<string>();

  constructor(
    private readonly source: ReasoningSource,
    private readonly profile: Profile,
    private readonly customs: ReadonlySet<string>,
    private readonly ids: CallIds,
  ) {}

  add(message: PromptMessage): void {
    switch (message.role) {
      case 'assistant':
        return this.addTurn(message);
      case 'tool':
        return this.addOutput(message);
      case 'user':
        this.items.push({ type: 'message', role: 'user', content: message.parts.map(convertPart) });
        return;
      default: {
        if (message.parts.length === 0) return;
        const role = message.role === 'developer' && !this.profile.developerRole ? 'system' : message.role;
        this.items.push({ type: 'message', role, content: message.parts.map(convertPart) });
      }
    }
  }

  private addTurn({ parts, phase }: AssistantMessage): void {
    let said: (TextPart | RefusalPart)[] = [];
    const endMessage = (): void => {
      if (said.length > 0)
        this.items.push({
          ...{ type: 'message', role: 'assistant', content: convertSaid(said) },
          ...(phase && { phase }),
        });
      said = [];
    };
    const begun = this.items.length;
    for (const part of parts) {
      if (part.type === 'text' || part.type === 'refusal') {
        if (part.text !== '') said.push(part);
        continue;
      }
      endMessage();
      if (part.type === 'reasoning') this.addReasoning(part);
      else if (part.type === 'search') this.addSearch(part);
      else this.addCall(part);
    }
    endMessage();
    this.dropLastReasoning(begun);
  }

  /** The service refuses reasoning that nothing follows: the answer was cut there. */
  private dropLastReasoning(begun: number): void {
    while (this.items.length > begun && this.items.at(-1)?.['type'] === 'reasoning') this.items.pop();
  }

  /** Reasoning of another scope is not sent, unless the operator says that the service reads plain reasoning. */
  private addReasoning({ text, signature }: ReasoningPart): void {
    const { scope, refused } = this.source;
    const own = signature === undefined ? undefined : ownSignature(scope, signature);
    // Plain reasoning has an empty signature on the Messages API.
    if (signature !== undefined && own && !refused.has(signature)) {
      const summary = text === '' ? [] : [{ type: 'summary_text', text }];
      this.signatures.push(signature);
      this.items.push({ type: 'reasoning', summary, encrypted_content: own });
    } else if (text !== '' && this.profile.reasoningContent === 'always') {
      this.items.push({ type: 'reasoning', summary: [], content: [{ type: 'reasoning_text', text }] });
    }
  }

  private addCall({ kind, id, name, arguments: given }: ToolCallPart): void {
    const call_id = this.ids.ofCall(id);
    const isWrapped = kind === 'function' && this.customs.has(name);
    if (kind === 'custom' || isWrapped) {
      if (id !== undefined) this.customCalls.add(id);
      const input = isWrapped ? unwrapInput(given) : given;
      this.items.push({ type: 'custom_tool_call', call_id, name, input });
      return;
    }
    const args = given.trim() === '' ? '{}' : given;
    this.items.push({ type: 'function_call', call_id, name, arguments: args });
  }

  private addSearch({ item }: SearchPart): void {
    this.items.push({ type: 'web_search_call', ...pick(item, ['status', 'action']) });
  }

  private addOutput({ callId, parts }: ToolMessage): void {
    const isCustom = callId !== undefined && this.customCalls.has(callId);
    this.items.push({
      type: isCustom ? 'custom_tool_call_output' : 'function_call_output',
      call_id: this.ids.ofOutput(callId),
      output: convertOutput(parts),
    });
  }
}

/** Ids of calls and outputs that the service takes. A call of the older form has no id, so it gets one here. */
class CallIds {
  private readonly fitting: FittingIds | undefined;
  private unnamed = 0;

  constructor(messages: readonly PromptMessage[], rule: ToolCallIdRule) {
    if (rule === 'kept') return;
    const calls = messages.flatMap((message) =>
      message.role === 'assistant' ? message.parts.filter((part) => part.type === 'tool_call') : [],
    );
    this.fitting = new FittingIds(
      rule,
      calls.flatMap(({ id }) => id ?? []),
    );
  }

  ofCall(id: string | undefined): string {
    if (id !== undefined) return this.fitting?.ofCall(id) ?? id;
    this.unnamed += 1;
    return this.lastUnnamed;
  }

  ofOutput(id: string | undefined): string {
    return id === undefined ? this.lastUnnamed : (this.fitting?.ofOutput(id) ?? id);
  }

  private get lastUnnamed(): string {
    return `call_function_${this.unnamed}`;
  }
}
