import type { JsonObject } from '../../src/base/json.js';

export const USER: JsonObject = { role: 'user', content: 'Hi' };

/** An assistant's turn with calls of functions, by id. */
export function calling(...ids: readonly string[]): JsonObject {
  return {
    role: 'assistant',
    content: null,
    tool_calls: ids.map((id) => ({
      id,
      type: 'function',
      function: { name: 'look', arguments: '{"at":1}' },
    })),
  };
}

export function output(id: string, content: JsonObject[] | string = 'seen'): JsonObject {
  return { role: 'tool', tool_call_id: id, content };
}

/** The assistant's reasoning as a chat client has it. */
export function reasoned(text: string, signature: string): JsonObject {
  return { reasoning_details: [{ type: 'reasoning.text', text, signature, index: 0 }] };
}
