import type {
  TextBlockParam,
  ToolResultBlockParam,
  ToolUseBlockParam,
} from '@anthropic-ai/sdk/resources/messages';
import { isJsonObject, type JsonObject } from '../../../base/json.js';
import { cacheMark } from '../../../text/cache-mark.js';
import type {
  AssistantMessage,
  InstructionMessage,
  PromptMessage,
  ToolCallPart,
  ToolMessage,
} from '../../../text/prompt.js';
import { FittingIds } from '../../fitting-ids.js';
import { exceedsDepth } from '../../http/json-depth.js';
import type { Block, Turn } from '../messages-wire.js';
import { convertParts, textBlock } from './convert-content.js';
import { isThinking, ThinkingBlocks, type ThinkingSource } from './thinking-blocks.js';
import { orderedTurns, Turns } from './turns.js';

export interface Conversation {
  readonly system: TextBlockParam[];
  readonly turns: Turn[];
  /** The signatures of its thinking, as the client has them. */
  readonly signatures: readonly string[];
}

/** Deeper arguments are no arguments of a real call, and could not be written. */
const MAX_DEPTH = 256;

/** Instructions in front are the system prompt. Later ones are the user's words: older models know no other place. */
export function convertMessages(messages: readonly PromptMessage[], source: ThinkingSource): Conversation {
  const first = messages.findIndex((message) => !isInstruction(message));
  const instructions = messages.slice(0, Math.max(first, 0)).filter(isInstruction);
  const thinking = new ThinkingBlocks(source);
  const writer = new MessageWriter(messages, thinking);
  for (const message of messages.slice(Math.max(first, 0))) writer.add(message);
  return {
    system: instructions.flatMap(instructionBlocks),
    turns: orderedTurns(writer.turns.all),
    signatures: thinking.sent,
  };
}

class MessageWriter {
  readonly turns = new Turns();
  private readonly ids: FittingIds;

  constructor(
    messages: readonly PromptMessage[],
    private readonly thinking: ThinkingBlocks,
  ) {
    this.ids = new FittingIds(
      'plain',
      messages
        .flatMap((message) => (message.role === 'assistant' ? callsOf(message) : []))
        .map(({ id = '' }) => id),
    );
  }

  add(message: PromptMessage): void {
    switch (message.role) {
      case 'assistant':
        return this.turns.add('assistant', marked(this.assistantBlocks(message), message.extra));
      case 'tool':
        return this.turns.add('user', [this.result(message)]);
      case 'user':
        return this.turns.add('user', marked(convertParts(message.parts), message.extra));
      default:
        return this.turns.add('user', instructionBlocks(message));
    }
  }

  private assistantBlocks({ parts }: AssistantMessage): readonly Block[] {
    const blocks: Block[] = [];
    for (const part of parts) {
      if (part.type === 'search') continue;
      const block =
        part.type === 'tool_call'
          ? this.call(part)
          : part.type === 'reasoning'
            ? this.thinking.blockOf(part)
            : textBlock(part.text, cacheMark(part.extra));
      if (block) blocks.push(block);
    }
    return blocks;
  }

  private call(part: ToolCallPart): ToolUseBlockParam {
    return {
      type: 'tool_use',
      id: this.ids.ofCall(part.id ?? ''),
      name: part.name,
      input: inputOf(part),
      ...cacheMark(part.extra),
    };
  }

  private result({ callId = '', parts, extra }: ToolMessage): ToolResultBlockParam {
    const blocks = convertParts(parts);
    const [only] = blocks;
    const plain = blocks.length === 1 && only?.type === 'text' && !only.cache_control ? only.text : undefined;
    return {
      type: 'tool_result',
      tool_use_id: this.ids.ofOutput(callId),
      ...(blocks.length > 0 && { content: plain ?? [...blocks] }),
      ...cacheMark(extra),
    };
  }
}

function isInstruction(message: PromptMessage): message is InstructionMessage {
  return message.role === 'system' || message.role === 'developer';
}

function instructionBlocks({ parts, extra }: InstructionMessage): readonly TextBlockParam[] {
  const blocks = parts.map(({ text, extra: own }) => textBlock(text, cacheMark(own)));
  return marked(
    blocks.filter((block) => block !== undefined),
    extra,
  );
}

/** A breakpoint on a whole message stands on its last block. */
function marked<Kind extends Block>(blocks: readonly Kind[], extra: JsonObject | undefined): readonly Kind[] {
  const mark = cacheMark(extra);
  const last = blocks.at(-1);
  if (!mark.cache_control || !last || isThinking(last)) return blocks;
  return [...blocks.slice(0, -1), { ...last, ...mark }];
}

function callsOf({ parts }: AssistantMessage): readonly ToolCallPart[] {
  return parts.filter((part) => part.type === 'tool_call');
}

/** The wire takes an object. Anything else that a model once wrote stays as the text that it is. */
function inputOf({ kind, arguments: given }: ToolCallPart): Record<string, unknown> {
  if (kind === 'custom') return { input: given };
  if (given.trim() === '') return {};
  return (exceedsDepth(given, MAX_DEPTH) ? undefined : parsedObject(given)) ?? { _unparsed: given };
}

function parsedObject(text: string): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isJsonObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
