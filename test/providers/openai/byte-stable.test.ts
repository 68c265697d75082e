import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { PROFILE_NAMES, profileOf, type ProfileName } from '../../../src/catalog/provider-profiles.js';
import type { JsonObject } from '../../../src/base/json.js';
import { convertRequest } from '../../../src/providers/openai/convert-request.js';
import { wellFormedJson } from '../../../src/providers/well-formed.js';
import { toPrompt } from '../../../src/responses/bridge/to-prompt.js';
import { parseResponsesRequest } from '../../../src/responses/responses-request.js';
import type { Prompt } from '../../../src/text/prompt.js';
import { chatPrompt } from '../../support/chat-prompt.js';
import { modelFor, requestFor, settingsFor, targetFor } from '../support.js';

/** One step of a conversation: a user speaks, or tools answer; then the model speaks, or calls tools. */
interface Step {
  readonly text: string;
  readonly said: string;
  readonly reasoning: string;
  readonly calls: readonly { readonly id: string; readonly args: string; readonly output: string }[];
  readonly image: boolean;
}

const call = fc.record({
  // Ids of several services, some of which fit nowhere else, and the same one twice in a conversation.
  id: fc.oneof(
    fc.constantFrom('functions.f:0', 'call_1', 'abcdefghi', 'call_1!'),
    fc.string({ minLength: 1, maxLength: 60 }),
  ),
  args: fc.constantFrom('', '{}', '{"a":"\\ud800"}', '{"n":1.50}'),
  output: fc.string({ unit: 'binary' }),
});
const conversation: fc.Arbitrary<Step[]> = fc.array(
  fc.record({
    text: fc.string({ unit: 'binary', minLength: 1 }),
    said: fc.string({ minLength: 1 }),
    reasoning: fc.string(),
    calls: fc.uniqueArray(call, { selector: ({ id }) => id, maxLength: 3 }),
    image: fc.boolean(),
  }),
  { minLength: 2, maxLength: 5 },
);
const IMAGE = 'https://images.example/cat.png';

/** The messages of a chat client, after each point at which it asks. */
function chatTurns(steps: readonly Step[]): readonly JsonObject[][] {
  const messages: JsonObject[] = [{ role: 'developer', content: 'Be brief.' }];
  const asked: JsonObject[][] = [];
  for (const { text, said, reasoning, calls, image } of steps) {
    const parts = [
      { type: 'text', text },
      { type: 'image_url', image_url: { url: IMAGE } },
    ];
    messages.push({ role: 'user', content: image ? parts : text });
    asked.push([...messages]);
    if (calls.length > 0) {
      messages.push({
        role: 'assistant',
        content: null,
        reasoning_content: reasoning,
        tool_calls: calls.map(({ id, args }) => ({
          id,
          type: 'function',
          function: { name: 'f', arguments: args },
        })),
      });
      for (const { id, output } of calls)
        messages.push({ role: 'tool', tool_call_id: id, content: image ? parts : output });
      asked.push([...messages]);
    }
    messages.push({ role: 'assistant', content: said });
  }
  return asked;
}

/** The items of a client of the Responses API, likewise. */
function responseTurns(steps: readonly Step[]): readonly JsonObject[][] {
  const items: JsonObject[] = [];
  const asked: JsonObject[][] = [];
  for (const { text, said, reasoning, calls, image } of steps) {
    const parts = [
      { type: 'input_text', text },
      { type: 'input_image', image_url: IMAGE, detail: 'auto' },
    ];
    items.push({ type: 'message', role: 'user', content: image ? parts : text });
    asked.push([...items]);
    items.push({
      type: 'reasoning',
      summary: [],
      content: [{ type: 'reasoning_text', text: reasoning }],
    });
    if (calls.length > 0) {
      for (const { id, args } of calls)
        items.push({ type: 'function_call', call_id: id, name: 'f', arguments: args });
      for (const { id, output } of calls)
        items.push({ type: 'function_call_output', call_id: id, output: image ? parts : output });
      asked.push([...items]);
    }
    items.push({
      type: 'message',
      role: 'assistant',
      content: [{ type: 'output_text', text: said, annotations: [] }],
    });
  }
  return asked;
}

const TOOL = { name: 'f', parameters: { type: 'object', properties: { a: {}, n: {} } } };

function chatBody(messages: readonly JsonObject[]): Prompt {
  return chatPrompt({ model: 'm', messages: [...messages], tools: [{ type: 'function', function: TOOL }] });
}

function responsesBody(items: readonly JsonObject[]): Prompt {
  const tools = [{ type: 'function', strict: false, ...TOOL }];
  const body = { model: 'm', instructions: 'Be brief.', input: [...items], tools };
  const request = parseResponsesRequest(body);
  return toPrompt({ request, context: request.input }).prompt;
}

/** What goes up, cut behind its last message. */
function sent(prompt: Prompt, profile: ProfileName): { readonly before: string; readonly after: string } {
  const target = targetFor(settingsFor('http://up.test/v1', profileOf(profile)));
  const text = wellFormedJson(
    JSON.stringify(convertRequest(requestFor(modelFor([target]), { prompt }), target)),
  );
  const { messages } = JSON.parse(text) as JsonObject;
  const before = `{"model":"upstream-model","messages":${JSON.stringify(messages).slice(0, -1)}`;
  expect(text.startsWith(before)).toBe(true);
  return { before, after: text.slice(before.length) };
}

describe.each(PROFILE_NAMES)('what goes up to %s', (profile) => {
  it.each<[string, (steps: readonly Step[]) => readonly Prompt[]]>([
    ['chat', (steps) => chatTurns(steps).map(chatBody)],
    ['Responses', (steps) => responseTurns(steps).map(responsesBody)],
  ])('begins with the bytes of the turn before, on the %s surface', (_surface, promptsOf) => {
    fc.assert(
      fc.property(conversation, (steps) => {
        const turns = promptsOf(steps).map((prompt) => sent(prompt, profile));
        for (const [index, { before, after }] of turns.entries()) {
          const next = turns[index + 1];
          if (!next) break;
          expect(next.before.slice(0, before.length)).toBe(before);
          expect(next.after).toBe(after);
        }
      }),
      { numRuns: 40 },
    );
  });
});
