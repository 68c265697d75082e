import type { JsonObject, JsonValue } from '../../../src/base/json.js';
import { objectIn, objectsIn } from '../../../src/base/json-fields.js';
import { chatAnswer, chatChunk, chatUsage, usageChunk } from '../chat-wire.js';
import type { Exchange } from '../scripted-upstream.js';
import { textIn } from '../talks/talk.js';
import { type Made, Vendor } from './vendor.js';

const MESSAGE_FIELDS: Readonly<Record<string, readonly string[]>> = {
  system: ['role', 'content', 'name'],
  developer: ['role', 'content', 'name'],
  user: ['role', 'content', 'name'],
  assistant: ['role', 'content', 'name', 'refusal', 'audio', 'tool_calls'],
  tool: ['role', 'content', 'tool_call_id'],
};

/** OpenAI's chat completions. */
export class OpenAiVendor extends Vendor {
  override readonly provider: JsonObject = { type: 'openai', profile: 'openai', wires: ['chat'] };
  override readonly upstreamModel: string = 'gpt-5.5';
  protected readonly fields: Readonly<Record<string, readonly string[]>> = MESSAGE_FIELDS;
  protected readonly maxIdLength: number = 40;

  protected problemOf({ request: { body, path } }: Exchange): string | undefined {
    if (path !== '/v1/chat/completions') return 'no such route';
    const messages = objectsIn(body['messages']);
    for (const [index, message] of messages.entries()) {
      const problem = this.messageProblem(message) ?? this.callProblem(messages, index);
      if (problem !== undefined) return `Invalid 'messages[${index}]': ${problem}`;
    }
    return undefined;
  }

  protected messageProblem(message: JsonObject): string | undefined {
    const known = this.fields[textIn(message['role'])];
    if (!known) return 'unknown role';
    const other = Object.keys(message).find((field) => !known.includes(field));
    if (other !== undefined) return `unknown field ${other}`;
    const calls = objectsIn(message['tool_calls']);
    return message['role'] === 'assistant' && calls.length === 0 && !hasContent(message['content'])
      ? "Invalid value for 'content': expected a string, got null."
      : undefined;
  }

  protected refuse(message: string, exchange: Exchange): void {
    exchange.json({ error: { message, type: 'invalid_request_error', param: null, code: null } }, 400);
  }

  protected say(made: Made, exchange: Exchange): void {
    const { calls } = made;
    const message: JsonObject = {
      ...this.thoughtOf(made),
      content: made.text === '' && calls.length > 0 ? null : made.text,
    };
    const called = calls.map(({ id, name, at }, index) => ({
      index,
      ...{ id, type: 'function', function: { name, arguments: JSON.stringify({ at }) } },
    }));
    const finish = calls.length > 0 ? 'tool_calls' : 'stop';
    if (exchange.request.body['stream'] !== true) {
      const whole = called.map(({ index: _index, ...call }) => call);
      exchange.json(chatAnswer({ ...message, ...(whole.length > 0 && { tool_calls: whole }) }, finish));
      return;
    }
    exchange.stream(
      chatChunk({ role: 'assistant', content: null }),
      chatChunk(message),
      ...called.map((call) => chatChunk({ tool_calls: [call] })),
      chatChunk({}, finish),
      usageChunk(chatUsage(10, 5)),
    );
  }

  protected idOf(number: number): string {
    return `call_${String(number).padStart(24, 'a')}`;
  }

  protected thoughtOf(_made: Made): JsonObject {
    return {};
  }

  /** The outputs of all calls must follow them at once. */
  private callProblem(messages: readonly JsonObject[], index: number): string | undefined {
    const { role, tool_calls: calls } = messages[index] ?? {};
    if (role === 'tool')
      return /^(?:tool|assistant)$/.test(textIn(messages[index - 1]?.['role']))
        ? undefined
        : 'a tool message without calls before it';
    const called = objectsIn(calls).map(({ id, function: called }) => {
      JSON.parse(textIn(objectIn(called)['arguments']));
      return textIn(id);
    });
    if (called.some((id) => id === '' || id.length > this.maxIdLength)) return 'an id that is too long';
    if (new Set(called).size < called.length) return 'an id that repeats';
    const outputs = messages.slice(index + 1, index + 1 + called.length);
    return called.every((id) => outputs.some((output) => output['tool_call_id'] === id)) &&
      messages[index + 1 + called.length]?.['role'] !== 'tool'
      ? undefined
      : "An assistant message with 'tool_calls' must be followed by tool messages responding to each 'tool_call_id'.";
  }
}

/** DeepSeek's chat completions, in thinking mode: https://api-docs.deepseek.com/guides/thinking_mode. */
export class DeepSeekVendor extends OpenAiVendor {
  override readonly provider: JsonObject = { type: 'openai', profile: 'deepseek', wires: ['chat'] };
  override readonly upstreamModel: string = 'deepseek-v4';
  protected override readonly maxIdLength: number = 1_000;
  protected override readonly fields = {
    ...MESSAGE_FIELDS,
    developer: [],
    assistant: [...(MESSAGE_FIELDS['assistant'] ?? []), 'reasoning_content'],
  };

  protected override messageProblem(message: JsonObject): string | undefined {
    const { role, reasoning_content: reasoning } = message;
    if (role !== 'assistant') return super.messageProblem(message);
    if (typeof reasoning !== 'string')
      return 'The `reasoning_content` in the thinking mode must be passed back to the API.';
    for (const { function: called } of objectsIn(message['tool_calls'])) {
      const { at } = JSON.parse(textIn(objectIn(called)['arguments'])) as { at?: unknown };
      const own = this.ownAnswer(at);
      if (own && own.thought !== reasoning) return 'another reasoning_content than it had';
    }
    return super.messageProblem(message);
  }

  /** Long, and with characters that others do not take. */
  protected override idOf(number: number): string {
    return `call_00:functions.look/${String(number).padStart(24, 'd')}`;
  }

  protected override thoughtOf({ thought }: Made): JsonObject {
    return { reasoning_content: thought };
  }
}

/** An empty text is one, verified in https://github.com/vercel/ai/pull/14950. */
function hasContent(content: JsonValue | undefined): boolean {
  return typeof content === 'string' || objectsIn(content).length > 0;
}
