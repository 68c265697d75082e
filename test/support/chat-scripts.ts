import type { JsonObject } from '../../src/base/json.js';
import { chatAnswer, chatChunk, chatUsage, sse, usageChunk } from './chat-wire.js';
import type { Exchange, Handler, ScriptedUpstream } from './scripted-upstream.js';

/** A tool call as the chat wire has it. */
export function toolCall(id: string, name: string, args: string): JsonObject {
  return { id, type: 'function', function: { name, arguments: args } };
}

/** Answers with calls of tools, streamed in pieces or whole as the request asks. */
export function callsTools(...calls: readonly JsonObject[]): Handler {
  return (exchange) => {
    if (exchange.request.body.stream !== true) {
      exchange.json(chatAnswer({ content: null, tool_calls: calls }, 'tool_calls'));
      return;
    }
    const deltas = calls.flatMap((call, index) => {
      const { name, arguments: text } = call['function'] as { name: string; arguments: string };
      const half = Math.ceil(text.length / 2);
      return [
        { index, id: call['id'] ?? '', type: 'function', function: { name, arguments: '' } },
        { index, function: { arguments: text.slice(0, half) } },
        { index, function: { arguments: text.slice(half) } },
      ];
    });
    exchange.stream(
      chatChunk({ role: 'assistant', content: null }),
      ...deltas.map((delta) => chatChunk({ tool_calls: [delta] })),
      chatChunk({}, 'tool_calls'),
      usageChunk(chatUsage(10, 5)),
    );
  };
}

/** Streams these deltas, or answers with the one message that they make up. */
export function says(
  deltas: readonly Record<string, string>[],
  finishReason = 'stop',
  usage = chatUsage(10, 5),
): Handler {
  return (exchange) => {
    if (exchange.request.body.stream === true) {
      const chunks = deltas.map((delta) => chatChunk(delta));
      exchange.stream(...chunks, chatChunk({}, finishReason), usageChunk(usage));
      return;
    }
    const message: Record<string, string> = {};
    for (const delta of deltas) {
      for (const [field, text] of Object.entries(delta)) message[field] = (message[field] ?? '') + text;
    }
    exchange.json(chatAnswer(message, finishReason, { usage }));
  };
}

/** Scripts the next request: it says these values and then waits. Resolves with it when they have gone. */
export function nextStalls(upstream: ScriptedUpstream, ...values: readonly unknown[]): Promise<Exchange> {
  return new Promise((resolve) => {
    upstream.next(async (exchange) => {
      if (values.length > 0) await exchange.send(sse(...values));
      resolve(exchange);
    });
  });
}

/** The messages of a request that the upstream got. */
export function messagesOf({ body }: { readonly body: JsonObject }): readonly JsonObject[] {
  return body['messages'] as readonly JsonObject[];
}
