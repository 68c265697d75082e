import { isJsonObject, type JsonObject, type JsonValue } from '../../../base/json.js';
import { objectIn, objectsIn, textIn } from '../../../base/json-fields.js';
import type { Target } from '../../../catalog/model.js';
import type { MessagesCall } from '../../../text/prompt.js';
import { isMadeHere } from '../../../text/tool-use-id.js';
import { hashed } from '../../hashed.js';
import type { TextRequest } from '../../text/text-request.js';
import type { Turn } from '../messages-wire.js';
import { ThinkingBlocks, type ThinkingSource } from './thinking-blocks.js';
import { beginningOf, beginsWithThinking } from './turns.js';

/** State that stays at the gateway. */
const OURS: ReadonlySet<string> = new Set(['thread', 'diagnostics']);
/** Tools that run at the service and cost extra. */
const HOSTED = /^(?:web_search|web_fetch|code_execution|advisor|mcp)_/;
/** Only with thinking on does the service take it. */
const CLEARS_THINKING = /^clear_thinking_/;

export interface EditedCall {
  readonly passed: true;
  readonly body: JsonObject;
  /** The signatures in it, as the client has them. */
  readonly signatures: readonly string[];
}

/**
 * The client's own body with as little changed as possible, fields in their order: the model's name, a lowered limit,
 * the hashed user, signatures without our prefix. Reasoning of others is left out, and with it the wish to think where
 * the tool loop at hand was begun without it.
 */
export function editCall(
  { body }: MessagesCall,
  { outputCapTokens, account }: Pick<TextRequest, 'outputCapTokens' | 'account'>,
  { upstreamModel }: Target,
  source: ThinkingSource,
): EditedCall {
  const thoughts = new ThinkingBlocks(source);
  const before = objectsIn(body['messages']);
  const messages = before.flatMap((message) => editMessage(message, thoughts));
  const edited: Record<string, JsonValue> = {};
  for (const [name, value = null] of Object.entries(body)) {
    if (value === null || OURS.has(name) || name === '__proto__') continue;
    edited[name] = value;
  }
  edited['model'] = upstreamModel;
  edited['messages'] = messages;
  const asked = body['max_tokens'];
  if (outputCapTokens !== undefined && typeof asked === 'number')
    edited['max_tokens'] = Math.min(asked, outputCapTokens);
  const user = textIn(objectIn(body['metadata'])['user_id']);
  if (user !== undefined)
    edited['metadata'] = { ...objectIn(body['metadata']), user_id: hashed(account, user) };
  const tools = objectsIn(body['tools']).filter(({ type }) => !HOSTED.test(textIn(type) ?? ''));
  if (tools.length > 0) edited['tools'] = tools;
  else delete edited['tools'];
  if (isOthers(beginningOf(turnsOf(messages, new Set(before))))) stopThinking(edited);
  return { passed: true, body: edited, signatures: thoughts.sent };
}

function editMessage(message: JsonObject, thoughts: ThinkingBlocks): readonly JsonObject[] {
  const { role, content } = message;
  if (role !== 'assistant' || !Array.isArray(content)) return [message];
  const blocks: readonly JsonValue[] = content;
  const kept = blocks.flatMap((block) => (isJsonObject(block) ? editBlock(block, thoughts) : [block]));
  if (kept.length === 0) return [];
  return kept.every((block, index) => block === blocks[index]) ? [message] : [{ ...message, content: kept }];
}

function editBlock(block: JsonObject, thoughts: ThinkingBlocks): readonly JsonValue[] {
  const { type } = block;
  if (type !== 'thinking' && type !== 'redacted_thinking') return [block];
  const signature = textIn(block[type === 'thinking' ? 'signature' : 'data']);
  const own = thoughts.blockOf({ type: 'reasoning', text: textIn(block['thinking']) ?? '', signature });
  return own ? [{ ...block, ...own }] : [];
}

interface EditedTurn extends Turn {
  /** Whether anything was left out of it. */
  isEdited: boolean;
}

/** As far as the rule about thinking needs them. @param kept the messages that stay as they were */
function turnsOf(messages: readonly JsonObject[], kept: ReadonlySet<JsonObject>): readonly EditedTurn[] {
  const turns: EditedTurn[] = [];
  for (const message of messages) {
    const role = message['role'] === 'assistant' ? 'assistant' : 'user';
    const blocks = objectsIn(message['content']) as unknown as Turn['content'];
    const isEdited = !kept.has(message);
    const last = turns.at(-1);
    if (last?.role === role) {
      last.content.push(...blocks);
      last.isEdited ||= isEdited;
    } else turns.push({ role, content: [...blocks], isEdited });
  }
  return turns;
}

/**
 * Whether another model began with this turn, or with thinking that does not hold: the service refuses to think in what
 * follows. Its own model may have begun without a thought.
 */
function isOthers(turn: EditedTurn | undefined): boolean {
  if (!turn || beginsWithThinking(turn)) return false;
  return turn.isEdited || turn.content.some((block) => block.type === 'tool_use' && isMadeHere(block.id));
}

function stopThinking(body: Record<string, JsonValue>): void {
  body['thinking'] = { type: 'disabled' };
  const management = objectIn(body['context_management']);
  const edits = objectsIn(management['edits']);
  const kept = edits.filter(({ type }) => !CLEARS_THINKING.test(textIn(type) ?? ''));
  if (kept.length < edits.length) body['context_management'] = { ...management, edits: kept };
}
