import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { JsonObject } from '../../src/base/json.js';
import { readChat } from '../../src/text/chat-wire/read-chat.js';
import { writeChat } from '../../src/text/chat-wire/write-chat.js';
import { fullBody } from '../chat/chat-bodies.js';

const text = fc.string({ minLength: 1 });
/** Fields that no prompt has a name for. */
const extra = fc.oneof(fc.constant({}), fc.record({ cache_control: fc.jsonValue() as fc.Arbitrary<never> }));
const beside = (fields: fc.Arbitrary<object>): fc.Arbitrary<object> =>
  fc.tuple(fields, extra).map(([named, unknown]) => ({ ...named, ...unknown }));
const optional = { requiredKeys: [] };

/** `{type, [type]: inner}` with what may stand beside and inside. */
const wrapped = (type: string, inner: fc.Arbitrary<object>, outer: object = {}): fc.Arbitrary<object> =>
  beside(beside(inner).map((fields) => ({ type, [type]: fields }))).chain((fields) =>
    fc.record(outer as Record<string, fc.Arbitrary<unknown>>).map((more) => ({ ...fields, ...more })),
  );

const textPart = beside(fc.record({ type: fc.constant('text'), text }));
const refusalPart = beside(fc.record({ type: fc.constant('refusal'), refusal: text }));
const mediaPart = fc.oneof(
  wrapped(
    'image_url',
    fc.record({ url: text, detail: fc.constantFrom('low', 'high') }, { requiredKeys: ['url'] }),
  ),
  wrapped('input_audio', fc.record({ data: text, format: fc.constantFrom('wav', 'mp3') })),
  wrapped('file', fc.record({ filename: text, file_data: text }, optional)),
);
/** One bare text is written as a string, so no list is just that. */
const content = (...parts: fc.Arbitrary<object>[]): fc.Arbitrary<unknown> =>
  fc.oneof(text, fc.array(fc.oneof(...parts), { minLength: 2, maxLength: 4 }));

const call = fc.oneof(
  wrapped('function', fc.record({ name: text, arguments: text }), {
    id: text,
    upstream_fields: fc.record({ provider: text, fields: fc.record({ signature: text }) }),
  }),
  wrapped('custom', fc.record({ name: text, input: text }), { id: text }),
);
const message = fc.oneof(
  beside(fc.record({ role: fc.constantFrom('system', 'developer'), content: content(textPart) })),
  beside(fc.record({ role: fc.constant('user'), content: content(textPart, mediaPart), name: text })),
  beside(
    fc.record({
      role: fc.constant('assistant'),
      content: fc.oneof(fc.constant(null), content(textPart, refusalPart)),
      reasoning_content: text,
      tool_calls: fc.array(call, { minLength: 1, maxLength: 3 }),
      function_call: beside(fc.record({ name: text, arguments: text })),
    }),
  ),
  beside(fc.record({ role: fc.constant('tool'), tool_call_id: text, content: content(textPart) })),
  beside(fc.record({ role: fc.constant('function'), name: text, content: text })),
);
const schema = fc.record({ description: text, strict: fc.boolean() }, optional);
const named = (more: fc.Arbitrary<object>): fc.Arbitrary<object> =>
  fc.tuple(text, more).map(([name, rest]) => ({ name, ...rest }));
const body = beside(
  fc.record(
    {
      messages: fc.array(message, { maxLength: 5 }),
      tools: fc.array(
        fc.oneof(wrapped('function', named(schema)), wrapped('custom', named(fc.constant({})))),
        {
          minLength: 1,
        },
      ),
      tool_choice: fc.oneof(
        fc.constantFrom('auto', 'none', 'required'),
        wrapped('function', fc.record({ name: text })),
        wrapped(
          'allowed_tools',
          fc.record({
            mode: fc.constantFrom('auto', 'required'),
            tools: fc.array(
              fc.oneof(wrapped('custom', fc.record({ name: text })), fc.constant({ type: 'mcp', a: 1 })),
            ),
          }),
        ),
      ),
      response_format: fc.oneof(fc.constant({ type: 'json_object' }), wrapped('json_schema', named(schema))),
      functions: fc.constant([{ name: 'old' }]),
      prediction: fc.constant({ type: 'content', content: 'x' }),
    },
    { requiredKeys: ['messages'] },
  ),
);

describe('the chat wire', () => {
  it('says of a prompt all that it had said', () => {
    fc.assert(
      fc.property(body, (sent) => {
        expect(writeChat(readChat(sent as JsonObject))).toEqual(sent);
      }),
      { numRuns: 500 },
    );
  });

  it('says every field of a body again, but for what the gateway decides about', () => {
    const decided = /^(?:messages|model|store|stream.*|max_.*)$/;
    const rest = Object.fromEntries(Object.entries(fullBody).filter(([field]) => !decided.test(field)));
    expect(writeChat(readChat({ ...rest, messages: [] }))).toEqual({ ...rest, messages: [] });
  });

  it('has the output of tools that is no text from the user, behind all outputs', () => {
    const image = { type: 'image_url', image_url: { url: 'data:,', detail: 'high' } };
    const part = { type: 'image', url: 'data:,', detail: 'original' } as const;
    const prompt = {
      ...readChat({ messages: [] }),
      messages: [
        { role: 'tool', callId: '1', parts: [part] },
        { role: 'tool', callId: '2', parts: [{ type: 'text', text: 'two' }, part] },
        { role: 'user', parts: [{ type: 'text', text: 'go on' }] },
      ],
    } as const;
    const from = (id: string): object => ({ type: 'text', text: `Output of tool call ${id}:` });
    expect(writeChat(prompt)['messages']).toEqual([
      { role: 'tool', tool_call_id: '1', content: 'The output follows in the next message.' },
      { role: 'tool', tool_call_id: '2', content: 'two' },
      { role: 'user', content: [from('1'), image, from('2'), image] },
      { role: 'user', content: 'go on' },
    ]);
  });
});
