import { describe, expect, it } from '@jest/globals';
import { parseChatRequest } from '../../src/chat/chat-request.js';
import type { JsonObject, JsonValue } from '../../src/base/json.js';
import { toPrompt } from '../../src/responses/bridge/to-prompt.js';
import { parseResponsesRequest } from '../../src/responses/responses-request.js';
import { writeChat } from '../../src/text/chat-wire/write-chat.js';
import { withInput } from './request-bodies.js';

function messages(...items: readonly JsonObject[]): JsonValue | undefined {
  const request = parseResponsesRequest(withInput(...items));
  const chat = writeChat(toPrompt({ request, context: request.input }).prompt);
  parseChatRequest({ model: 'm', ...chat });
  return chat['messages'];
}

const call = (id: string): JsonObject => ({
  type: 'function_call',
  call_id: id,
  name: 'f',
  arguments: '{"a":1}',
});
const output = (id: string, value: JsonValue = 'x'): JsonObject => ({
  type: 'function_call_output',
  call_id: id,
  output: value,
});
const chatCall = (id: string): JsonObject => ({
  id,
  type: 'function',
  function: { name: 'f', arguments: '{"a":1}' },
});
const chatOutput = (id: string, content = 'x'): JsonObject => ({ role: 'tool', tool_call_id: id, content });
const thought = (text: string): JsonObject => ({
  type: 'reasoning',
  summary: [],
  content: [{ type: 'reasoning_text', text }],
});
const image = { type: 'input_image', image_url: 'https://a/b.png', detail: 'original' };
const chatImage = { type: 'image_url', image_url: { url: 'https://a/b.png', detail: 'high' } };

describe('items on the chat wire', () => {
  it.each<[string, JsonObject[], JsonObject[]]>([
    ['a text', [{ role: 'user', content: 'a' }], [{ role: 'user', content: 'a' }]],
    [
      'every part of a user',
      [
        {
          role: 'user',
          content: [
            { type: 'input_text', text: 'a' },
            image,
            { type: 'input_file', filename: 'f', file_data: 'data:' },
            { type: 'input_audio', input_audio: { data: 'AA', format: 'mp3' } },
          ],
        },
      ],
      [
        {
          role: 'user',
          content: [
            { type: 'text', text: 'a' },
            chatImage,
            { type: 'file', file: { filename: 'f', file_data: 'data:' } },
            { type: 'input_audio', input_audio: { data: 'AA', format: 'mp3' } },
          ],
        },
      ],
    ],
    [
      'a developer with an image',
      [{ role: 'developer', content: [{ type: 'input_text', text: 'a' }, image] }],
      [
        { role: 'system', content: 'a' },
        { role: 'user', content: [chatImage] },
      ],
    ],
    [
      'an answer and a refusal',
      [
        { role: 'assistant', content: [{ type: 'output_text', text: 'a' }] },
        { role: 'assistant', content: [{ type: 'refusal', refusal: 'b' }] },
      ],
      [
        { role: 'assistant', content: 'a' },
        { role: 'assistant', content: [{ type: 'refusal', refusal: 'b' }] },
      ],
    ],
    [
      'nothing of an empty message',
      [
        { role: 'assistant', content: [] },
        { role: 'user', content: 'a' },
      ],
      [{ role: 'user', content: 'a' }],
    ],
    [
      'calls made together, whose outputs follow at once',
      [
        { role: 'assistant', content: 'a' },
        call('1'),
        call('2'),
        { role: 'user', content: 'b' },
        output('2'),
        output('1', 'y'),
      ],
      [
        { role: 'assistant', content: 'a', tool_calls: [chatCall('1'), chatCall('2')] },
        chatOutput('1', 'y'),
        chatOutput('2'),
        { role: 'user', content: 'b' },
      ],
    ],
    [
      'calls made one after the other',
      [call('1'), output('1'), call('2'), output('2')],
      [
        { role: 'assistant', content: null, tool_calls: [chatCall('1')] },
        chatOutput('1'),
        { role: 'assistant', content: null, tool_calls: [chatCall('2')] },
        chatOutput('2'),
      ],
    ],
    [
      'an image that a tool gave',
      [call('1'), output('1', [image])],
      [
        { role: 'assistant', content: null, tool_calls: [chatCall('1')] },
        chatOutput('1', 'The output follows in the next message.'),
        { role: 'user', content: [{ type: 'text', text: 'Output of tool call 1:' }, chatImage] },
      ],
    ],
    [
      'a custom call and one of a shell',
      [
        { type: 'custom_tool_call', call_id: '1', name: 'patch', input: 'p' },
        { type: 'custom_tool_call_output', call_id: '1', output: 'ok' },
        { type: 'shell_call', call_id: '2', action: { commands: ['ls'] } },
        { type: 'shell_call_output', call_id: '2', output: [{ stdout: 'a' }] },
      ],
      [
        {
          role: 'assistant',
          content: null,
          tool_calls: [
            { id: '1', type: 'function', function: { name: 'patch', arguments: '{"input":"p"}' } },
          ],
        },
        chatOutput('1', 'ok'),
        {
          role: 'assistant',
          content: null,
          tool_calls: [
            {
              id: '2',
              type: 'function',
              function: { name: 'shell', arguments: '{"commands":["ls"]}' },
            },
          ],
        },
        chatOutput('2', '[{"stdout":"a"}]'),
      ],
    ],
    [
      'raw reasoning with what follows it',
      [thought('r'), call('1'), output('1'), thought('s'), { role: 'assistant', content: 'a' }],
      [
        { role: 'assistant', content: null, reasoning_content: 'r', tool_calls: [chatCall('1')] },
        chatOutput('1'),
        { role: 'assistant', content: 'a', reasoning_content: 's' },
      ],
    ],
    [
      'reasoning that a provider here has signed, for that provider',
      [
        { type: 'reasoning', summary: [], encrypted_content: 'cmp1.azure.S' },
        { role: 'assistant', content: 'a' },
      ],
      [
        {
          role: 'assistant',
          content: 'a',
          reasoning_details: [{ type: 'reasoning.encrypted', data: 'cmp1.azure.S', index: 0 }],
        },
      ],
    ],
    [
      'no reasoning that is encrypted elsewhere, or that nothing follows',
      [
        { type: 'reasoning', summary: [], encrypted_content: 'g' },
        { role: 'assistant', content: 'a' },
        thought('r'),
        { role: 'user', content: 'b' },
        { role: 'assistant', content: 'c' },
      ],
      [
        { role: 'assistant', content: 'a' },
        { role: 'user', content: 'b' },
        { role: 'assistant', content: 'c' },
      ],
    ],
    [
      'nothing of a search that ran elsewhere',
      [
        { type: 'web_search_call', id: 'ws', status: 'completed' },
        { role: 'user', content: 'a' },
      ],
      [{ role: 'user', content: 'a' }],
    ],
  ])('are %s', (_name, items, expected) => {
    expect(messages(...items)).toEqual(expected);
  });

  it.each([
    [
      'its raw text',
      {
        content: [{ type: 'reasoning_text', text: 'hm' }],
        summary: [{ type: 'summary_text', text: 'short' }],
      },
    ],
    ['what was delivered as its summary', { summary: [{ type: 'summary_text', text: 'hm' }] }],
  ])('say the reasoning of a turn by %s', (_, parts) => {
    const said = messages(
      { type: 'message', role: 'user', content: 'hi' },
      { type: 'reasoning', ...parts },
      { type: 'function_call', call_id: 'c', name: 'f', arguments: '{}' },
      { type: 'function_call_output', call_id: 'c', output: 'o' },
    );
    expect(said).toContainEqual(expect.objectContaining({ role: 'assistant', reasoning_content: 'hm' }));
  });

  it('begin with the instructions', () => {
    const request = parseResponsesRequest({
      ...withInput({ type: 'message', role: 'user', content: 'hi' }),
      instructions: 'be brief',
    });
    const chat = writeChat(toPrompt({ request, context: request.input }).prompt);
    expect(chat['messages']).toEqual([
      { role: 'system', content: 'be brief' },
      { role: 'user', content: 'hi' },
    ]);
  });

  it('keep a signature without text in the turn that it ends', () => {
    const signature = { type: 'reasoning', summary: [], encrypted_content: 'cmp1.azure.S' };
    const input = withInput(
      { role: 'assistant', content: 'a' },
      signature,
      { role: 'user', content: 'b' },
      signature,
      { role: 'user', content: 'c' },
    );
    const request = parseResponsesRequest(input);
    const said = toPrompt({ request, context: request.input }).prompt.messages;
    expect(said.map(({ parts }) => parts)).toEqual([
      [
        { type: 'text', text: 'a' },
        { type: 'reasoning', text: '', signature: 'cmp1.azure.S' },
      ],
      [{ type: 'text', text: 'b' }],
      [{ type: 'text', text: 'c' }],
    ]);
  });

  it('are refused when nothing is left to say', () => {
    expect(() => messages({ type: 'web_search_call' })).toThrow(
      expect.objectContaining({ code: 'missing_required_parameter', param: 'input' }),
    );
  });
});
