import { describe, expect, it } from '@jest/globals';
import type { JsonObject } from '../../src/base/json.js';
import { settingsFromChat } from '../../src/responses/chat/from-chat.js';
import { itemsFromChat } from '../../src/responses/chat/items-from-chat.js';

const items = (...messages: JsonObject[]): readonly JsonObject[] => itemsFromChat(messages, () => 'call_new');

describe('messages as items', () => {
  it('keep their parts', () => {
    const content = [
      { type: 'text', text: 'Look.' },
      { type: 'image_url', image_url: { url: 'https://a.example/b.png' } },
      { type: 'file', file: { filename: 'a.pdf', file_data: 'AAAA' } },
      { type: 'input_audio', input_audio: { data: 'AAAA', format: 'wav' } },
    ];
    expect(items({ role: 'user', content })).toEqual([
      {
        type: 'message',
        role: 'user',
        content: [
          { type: 'input_text', text: 'Look.' },
          { type: 'input_image', image_url: 'https://a.example/b.png', detail: 'auto' },
          { type: 'input_file', filename: 'a.pdf', file_data: 'AAAA' },
          { type: 'input_audio', input_audio: { data: 'AAAA', format: 'wav' } },
        ],
      },
    ]);
  });

  it('keep calls with their outputs, of every kind', () => {
    const custom = { id: 'call_2', type: 'custom', custom: { name: 'sql', input: 'SELECT 1' } };
    expect(
      items(
        { role: 'assistant', content: null, tool_calls: [custom] },
        { role: 'tool', tool_call_id: 'call_2', content: '1' },
        { role: 'assistant', content: null, function_call: { name: 'old', arguments: '{}' } },
        { role: 'function', name: 'old', content: null },
      ),
    ).toEqual([
      { type: 'custom_tool_call', call_id: 'call_2', name: 'sql', input: 'SELECT 1' },
      { type: 'custom_tool_call_output', call_id: 'call_2', output: '1' },
      { type: 'function_call', call_id: 'call_new', name: 'old', arguments: '{}' },
      { type: 'function_call_output', call_id: 'call_new', output: '' },
    ]);
  });
});

describe('the settings of a chat call', () => {
  it('are those of a Response', () => {
    const grammar = { syntax: 'lark', definition: 'a: "b"' };
    expect(
      settingsFromChat({
        tools: [{ type: 'custom', custom: { name: 'sql', format: { type: 'grammar', grammar } } }],
        functions: [{ name: 'old' }],
        tool_choice: {
          type: 'allowed_tools',
          allowed_tools: { mode: 'auto', tools: [{ type: 'function', function: { name: 'old' } }] },
        },
        response_format: { type: 'json_schema', json_schema: { name: 'n', schema: {} } },
        verbosity: 'low',
        reasoning_effort: 'high',
        max_tokens: 5,
      }),
    ).toEqual({
      tools: [
        { type: 'custom', name: 'sql', format: { type: 'grammar', ...grammar } },
        { type: 'function', name: 'old' },
      ],
      tool_choice: { type: 'allowed_tools', mode: 'auto', tools: [{ type: 'function', name: 'old' }] },
      text: { format: { type: 'json_schema', name: 'n', schema: {} }, verbosity: 'low' },
      reasoning: { effort: 'high' },
      max_output_tokens: 5,
    });
  });
});
