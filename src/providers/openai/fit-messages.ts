import type { Profile } from '../../catalog/profile.js';
import { isJsonObject, type JsonObject, type JsonValue } from '../../base/json.js';
import { fitOrder } from './fit-order.js';
import { fitToolCallIds } from './fit-tool-call-ids.js';
import { wellFormedJson } from '../well-formed.js';

/** Names of the fields in which services show a model's reasoning. */
const REASONING = ['reasoning_content', 'reasoning', 'reasoning_details'] as const;

/**
 * The messages in the form that the service accepts. A message that fits stays the same object, and equal messages
 * give equal results on every turn, so that the service's prompt cache holds.
 */
export function fitMessages(messages: readonly JsonValue[], profile: Profile): readonly JsonObject[] {
  const fitted = messages.filter(isJsonObject).flatMap((message) => fitMessage(message, profile));
  return fitOrder(fitToolCallIds(fitted, profile.toolCallIds), profile);
}

function fitMessage(message: JsonObject, profile: Profile): JsonObject | readonly JsonObject[] {
  if (message['role'] === 'assistant') return fitSilence(fitReasoning(fitCalls(message), profile), profile);
  if (message['role'] === 'developer' && !profile.developerRole) return { ...message, role: 'system' };
  return message;
}

/**
 * A model may answer without a word, and the others have to go on from there. OpenAI refuses a turn without a content;
 * Mistral, which is as strict about the order of turns, even one whose content is empty:
 * https://github.com/OpenHands/OpenHands/issues/8685.
 */
function fitSilence(
  message: JsonObject,
  { assistantAfterTools }: Profile,
): JsonObject | readonly JsonObject[] {
  const { content = null, refusal = null, tool_calls: calls, function_call: call = null } = message;
  const isSilent = content === null || content === '' || (Array.isArray(content) && content.length === 0);
  if (!isSilent || refusal !== null || calls !== undefined || call !== null) return message;
  if (assistantAfterTools) return [];
  return content === '' ? message : { ...message, content: '' };
}

/** Services parse the arguments of earlier calls, and refuse an empty list of calls. */
function fitCalls(message: JsonObject): JsonObject {
  const { tool_calls: calls, function_call: call } = message;
  if (Array.isArray(calls)) {
    const { tool_calls: _none, ...rest } = message;
    if (calls.length === 0) return rest;
    const fitted = (calls as readonly JsonValue[]).map(fitCall);
    return fitted.every((each, index) => each === calls[index])
      ? message
      : { ...message, tool_calls: fitted };
  }
  const fitted = fitFunction(call);
  return fitted === call ? message : { ...message, function_call: fitted };
}

function fitCall(call: JsonValue): JsonValue {
  if (!isJsonObject(call)) return call;
  const fitted = fitFunction(call['function']);
  return fitted === call['function'] ? call : { ...call, function: fitted };
}

function fitFunction(called: JsonValue | undefined): JsonValue | undefined {
  if (!isJsonObject(called) || typeof called['arguments'] !== 'string') return called;
  const sent = called['arguments'];
  const fitted = sent.trim() === '' ? '{}' : wellFormedJson(sent);
  return fitted === sent ? called : { ...called, arguments: fitted };
}

function fitReasoning(message: JsonObject, { reasoningContent }: Profile): JsonObject {
  if (reasoningContent === 'always') {
    return typeof message['reasoning_content'] === 'string' ? message : { ...message, reasoning_content: '' };
  }
  if (reasoningContent === 'given' || !REASONING.some((name) => message[name] !== undefined)) return message;
  const { reasoning_content: _content, reasoning: _text, reasoning_details: _details, ...rest } = message;
  return rest;
}
