import { describe, expect, it } from '@jest/globals';
import type { JsonObject } from '../../src/base/json.js';
import { toPrompt } from '../../src/messages/bridge/to-prompt.js';
import { ToolNames } from '../../src/messages/bridge/tool-names.js';
import { parseMessagesRequest } from '../../src/messages/request/messages-request.js';
import { writeChat } from '../../src/text/chat-wire/write-chat.js';

const ASKED = { model: 'm', max_tokens: 10, messages: [{ role: 'user', content: 'Hi' }] };

function thrownBy(act: () => unknown): unknown {
  try {
    act();
  } catch (failure) {
    return failure;
  }
  return undefined;
}

/** The request as a chat upstream gets it. */
function chat(body: JsonObject): JsonObject {
  const { body: checked } = parseMessagesRequest({ ...ASKED, ...body });
  const { prompt, refusal } = toPrompt(checked, new ToolNames());
  if (refusal) throw refusal;
  return writeChat(prompt);
}

const said = (...messages: JsonObject[]): unknown => chat({ messages })['messages'];
const user = (...content: JsonObject[]): JsonObject => ({ role: 'user', content });
const calls = (id: string): JsonObject => ({
  role: 'assistant',
  content: [{ type: 'tool_use', id, name: 'f', input: { a: null } }],
});
const result = (id: string, fields: JsonObject): JsonObject => ({
  type: 'tool_result',
  tool_use_id: id,
  ...fields,
});
const PNG = { type: 'base64', media_type: 'image/png', data: 'AAAA' };

describe('a conversation on the Messages API, for other wires', () => {
  it.each<[string, JsonObject, unknown]>([
    ['system text', { system: 'Be brief.' }, [{ role: 'system', content: 'Be brief.' }]],
    [
      'system blocks, without the header that differs with each conversation',
      {
        system: [
          { type: 'text', text: 'x-anthropic-billing-header: cc_version=1' },
          { type: 'text', text: 'One.', cache_control: { type: 'ephemeral' } },
          { type: 'text', text: 'Two.' },
        ],
      },
      [{ role: 'system', content: 'One.\n\nTwo.' }],
    ],
  ])('has its instructions: %s', (_name, body, expected) => {
    expect(chat(body)['messages']).toEqual([...(expected as object[]), { role: 'user', content: 'Hi' }]);
  });

  it('has system messages where they were said, as the user’s', () => {
    expect(said(user({ type: 'text', text: 'a' }), { role: 'system', content: 'b' })).toEqual([
      {
        role: 'user',
        content: [
          { type: 'text', text: 'a' },
          { type: 'text', text: 'b' },
        ],
      },
    ]);
  });

  it('has pictures, documents and search results', () => {
    expect(
      said(
        user(
          { type: 'image', source: PNG },
          { type: 'image', source: { type: 'url', url: 'https://a.example/b.png' } },
          {
            type: 'document',
            source: { type: 'base64', media_type: 'application/pdf', data: 'BBBB' },
            title: 'a.pdf',
          },
          { type: 'document', source: { type: 'text', media_type: 'text/plain', data: 'plain' } },
          { type: 'search_result', source: 's', title: 't', content: [{ type: 'text', text: 'found' }] },
          { type: 'text', text: '' },
          { type: 'container_upload', file_id: 'f' },
        ),
      ),
    ).toEqual([
      {
        role: 'user',
        content: [
          { type: 'image_url', image_url: { url: 'data:image/png;base64,AAAA' } },
          { type: 'image_url', image_url: { url: 'https://a.example/b.png' } },
          { type: 'file', file: { filename: 'a.pdf', file_data: 'data:application/pdf;base64,BBBB' } },
          { type: 'text', text: 'plain' },
          { type: 'text', text: 't\ns\nfound' },
        ],
      },
    ]);
  });

  it('has the results of tools directly behind their calls, pictures after them', () => {
    const content = [
      { type: 'text', text: 'Look.' },
      result('t1', { content: [{ type: 'image', source: PNG }] }),
    ];
    expect(said(calls('t1'), { role: 'user', content })).toEqual([
      {
        role: 'assistant',
        content: null,
        tool_calls: [{ id: 't1', type: 'function', function: { name: 'f', arguments: '{"a":null}' } }],
      },
      { role: 'tool', tool_call_id: 't1', content: 'The output follows in the next message.' },
      {
        role: 'user',
        content: [
          { type: 'text', text: 'Output of tool call t1:' },
          { type: 'image_url', image_url: { url: 'data:image/png;base64,AAAA' } },
        ],
      },
      { role: 'user', content: 'Look.' },
    ]);
  });

  it('has reasoning that somebody here has signed, and no other', () => {
    const thinking = (signature: string | undefined): JsonObject => ({
      type: 'thinking',
      thinking: 'hm',
      signature,
    });
    const content = [
      thinking('cmp1.one.S'),
      thinking('EqQB'),
      thinking(''),
      thinking(undefined),
      { type: 'text', text: 'a' },
    ];
    expect(said({ role: 'assistant', content })).toEqual([
      {
        role: 'assistant',
        content: 'a',
        reasoning_content: 'hm',
        reasoning_details: [{ type: 'reasoning.text', text: 'hm', signature: 'cmp1.one.S', index: 0 }],
      },
    ]);
  });
});

describe('the tools of the Messages API, for other wires', () => {
  const schema = { type: 'object', properties: { a: { type: ['string', 'null'], const: null } } };
  const tool = (name: string, more: JsonObject = {}): JsonObject => ({ name, input_schema: schema, ...more });
  const names = (body: JsonObject): unknown =>
    (chat(body)['tools'] as readonly { function: { name: string } }[] | undefined)?.map(
      (one) => one.function.name,
    );

  it('are functions, with short names that come back whole', () => {
    const long = `mcp__${'x'.repeat(90)}`;
    const map = new ToolNames();
    const { prompt } = toPrompt(
      { ...ASKED, tools: [tool('f', { type: 'custom', strict: true }), tool(long)] },
      map,
    );
    const [first, second] = prompt.tools;
    expect(first).toEqual({ kind: 'function', name: 'f', parameters: schema, strict: true });
    expect(second?.name).toMatch(/^mcp__x+_[0-9a-f]{8}$/);
    expect([second?.name.length, map.restore(second?.name ?? '')]).toEqual([64, long]);
  });

  it('with a type of their own are left out, unless the choice demands one', () => {
    const search = { type: 'web_search_20250305', name: 'web_search' };
    expect(names({ tools: [search, tool('f')] })).toEqual(['f']);
    const demanded = (choice: JsonObject): unknown =>
      thrownBy(() => chat({ tools: [search], tool_choice: choice }));
    for (const choice of [{ type: 'any' }, { type: 'tool', name: 'web_search' }])
      expect(demanded(choice)).toMatchObject({ code: 'unsupported_parameter', param: 'tool_choice' });
    expect(demanded({ type: 'tool', name: 'nobody' })).toMatchObject({ code: 'invalid_value' });
  });

  it('that are deferred come when the context refers to them, or when a search is declared', () => {
    const deferred = tool('later', { defer_loading: true });
    expect(names({ tools: [tool('f'), deferred] })).toEqual(['f']);
    const found = user(result('t1', { content: [{ type: 'tool_reference', tool_name: 'later' }] }));
    expect(names({ tools: [tool('f'), deferred], messages: [calls('t1'), found] })).toEqual(['f', 'later']);
    const search = { type: 'tool_search_tool_regex_20251119', name: 'tool_search' };
    expect(names({ tools: [search, deferred] })).toEqual(['later']);
  });

  it.each<[JsonObject, JsonObject]>([
    [{ type: 'auto' }, { tool_choice: 'auto' }],
    [
      { type: 'any', disable_parallel_tool_use: true },
      { tool_choice: 'required', parallel_tool_calls: false },
    ],
    [{ type: 'none' }, { tool_choice: 'none' }],
    [{ type: 'tool', name: 'f' }, { tool_choice: { type: 'function', function: { name: 'f' } } }],
  ])('are chosen from: %j', (choice, expected) => {
    expect(chat({ tools: [tool('f')], tool_choice: choice })).toMatchObject(expected);
    expect(chat({ tool_choice: { type: 'auto' } })).not.toHaveProperty('tool_choice');
  });
});

describe('the options of the Messages API, for other wires', () => {
  it.each<[string, JsonObject, JsonObject]>([
    [
      'sampling and stops',
      { temperature: 0.5, top_p: 0.9, stop_sequences: ['a'] },
      { temperature: 0.5, top_p: 0.9, stop: ['a'] },
    ],
    ['the user', { metadata: { user_id: 'u' } }, { user: 'u' }],
    ['usual values', { service_tier: 'auto', speed: null, inference_geo: null, stop_sequences: [] }, {}],
    ['effort', { output_config: { effort: 'xhigh' } }, { reasoning_effort: 'xhigh' }],
    ['a small budget', { thinking: { type: 'enabled', budget_tokens: 4_095 } }, { reasoning_effort: 'low' }],
    ['a budget', { thinking: { type: 'enabled', budget_tokens: 16_383 } }, { reasoning_effort: 'medium' }],
    [
      'a large budget',
      { thinking: { type: 'enabled', budget_tokens: 16_384 } },
      { reasoning_effort: 'high' },
    ],
    [
      'no thinking',
      { thinking: { type: 'disabled' }, output_config: { effort: 'high' } },
      { reasoning_effort: 'none' },
    ],
    [
      'the effort of the last system message',
      {
        output_config: { effort: 'low' },
        messages: [
          { role: 'user', content: 'Hi' },
          { role: 'system', content: 'x', output_config: { effort: 'max' } },
        ],
      },
      { reasoning_effort: 'max' },
    ],
    [
      'a format',
      { output_config: { format: { type: 'json_schema', schema: { type: 'object' } } } },
      {
        response_format: {
          type: 'json_schema',
          json_schema: { name: 'answer', schema: { type: 'object' }, strict: true },
        },
      },
    ],
  ])('become what the chat wire has: %s', (_name, body, expected) => {
    const { messages: _messages, ...options } = chat(body);
    expect(options).toEqual(expected);
  });

  it.each<[string, JsonObject]>([
    ['speed', { speed: 'fast' }],
    ['inference_geo', { inference_geo: 'us' }],
    ['stop_sequences', { stop_sequences: ['a', 'b', 'c', 'd', 'e'] }],
    ['container', { container: 'c' }],
    ['mcp_servers', { mcp_servers: [{ url: 'https://a.example' }] }],
    [
      'messages[0].content[0].source',
      { messages: [user({ type: 'image', source: { type: 'file', file_id: 'f' } })] },
    ],
    [
      'messages[0].content',
      { messages: [user({ type: 'document', source: { type: 'url', url: 'https://a.example' } })] },
    ],
  ])('that decide the answer are refused: %s', (param, body) => {
    expect(thrownBy(() => chat(body))).toMatchObject({ code: 'unsupported_parameter', param });
  });
});
