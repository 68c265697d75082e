import type { JsonObject } from '../../base/json.js';
import { objectIn, objectsIn, textIn } from '../../base/json-fields.js';
import { markedExtra } from '../../text/cache-mark.js';
import type {
  AssistantPart,
  ContentPart,
  PromptMessage,
  ReasoningPart,
  ToolMessage,
} from '../../text/prompt.js';
import { isSignature } from '../../text/signature.js';
import { blocksOf, turnsOf, type Turn } from '../request/turns.js';
import { readBlock, textPart, withMark } from './read-content.js';
import type { ToolNames } from './tool-names.js';

export interface ReadTurns {
  readonly messages: readonly PromptMessage[];
  /** Tools that the context refers to. */
  readonly referred: ReadonlySet<string>;
}

/** The conversation. Its results of tools come before everything else that the user's turn says. */
export function readTurns(body: JsonObject, names: ToolNames): ReadTurns {
  const referred = new Set<string>();
  const messages = turnsOf(body).flatMap((turn) =>
    turn.role === 'assistant' ? assistantMessages(turn, names) : userMessages(turn, referred),
  );
  return { messages, referred };
}

function assistantMessages({ blocks }: Turn, names: ToolNames): readonly PromptMessage[] {
  const parts = blocks.flatMap((block) => assistantPart(block, names));
  return parts.length === 0 ? [] : [{ role: 'assistant', parts }];
}

function assistantPart(block: JsonObject, names: ToolNames): readonly AssistantPart[] {
  switch (block['type']) {
    case 'text':
      return withMark(textPart(textIn(block['text'])), block);
    case 'thinking':
      return reasoningPart(textIn(block['thinking']) ?? '', block['signature']);
    case 'redacted_thinking':
      return reasoningPart('', block['data']);
    case 'tool_use':
      return [
        {
          type: 'tool_call',
          kind: 'function',
          id: textIn(block['id']) ?? '',
          name: names.shorten(textIn(block['name']) ?? ''),
          arguments: JSON.stringify(objectIn(block['input'])),
          ...markedExtra(block),
        },
      ];
    default:
      return [];
  }
}

/** Reasoning that nobody here has signed belongs to no provider here. */
function reasoningPart(text: string, signature: unknown): readonly ReasoningPart[] {
  return isSignature(signature) ? [{ type: 'reasoning', text, signature }] : [];
}

function userMessages({ blocks }: Turn, referred: Set<string>): readonly PromptMessage[] {
  const outputs = blocks.filter(isResult).map((block) => output(block, referred));
  const parts = blocks.filter((block) => !isResult(block)).flatMap((block) => readBlock(block));
  return parts.length === 0 ? outputs : [...outputs, { role: 'user', parts }];
}

function isResult({ type }: JsonObject): boolean {
  return type === 'tool_result';
}

function output(block: JsonObject, referred: Set<string>): ToolMessage {
  const content = blocksOf(block['content']);
  for (const { tool_name: name } of objectsIn(block['content'])) referred.add(textIn(name) ?? '');
  const parts = withMark(
    content.flatMap((inner) => readBlock(inner)),
    block,
  );
  return {
    role: 'tool',
    callId: textIn(block['tool_use_id']) ?? '',
    parts: block['is_error'] === true ? asError(parts) : parts,
  };
}

function asError(parts: readonly ContentPart[]): readonly ContentPart[] {
  const [first, ...rest] = parts;
  if (first?.type === 'text') return [{ ...first, text: `Error: ${first.text}` }, ...rest];
  return [{ type: 'text', text: 'Error:' }, ...parts];
}
