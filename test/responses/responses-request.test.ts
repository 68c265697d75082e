import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { GatewayError } from '../../src/base/errors/gateway-error.js';
import type { JsonObject, JsonValue } from '../../src/base/json.js';
import { parseItems, parseResponsesRequest } from '../../src/responses/responses-request.js';
import { clientItems, fullRequest, request, withInput } from './request-bodies.js';

function failure(run: () => unknown): GatewayError {
  try {
    run();
  } catch (thrown) {
    if (thrown instanceof GatewayError) return thrown;
    throw thrown;
  }
  throw new Error('the request was accepted');
}

const user = (part: JsonValue): JsonObject => withInput({ role: 'user', content: [part] });
const tool = (fields: JsonObject): JsonObject => request({ tools: [fields] });

describe('a valid request', () => {
  it('asks for nothing by default, and shows every setting', () => {
    expect(parseResponsesRequest(request())).toEqual({
      model: 'm',
      stream: false,
      generates: true,
      store: true,
      background: false,
      input: [{ type: 'message', role: 'user', content: 'hi' }],
      include: [],
      settings: {
        instructions: null,
        tools: [],
        tool_choice: 'auto',
        parallel_tool_calls: true,
        truncation: 'disabled',
        text: { format: { type: 'text' } },
        temperature: 1,
        top_p: 1,
        top_logprobs: 0,
        presence_penalty: 0,
        frequency_penalty: 0,
        reasoning: null,
        max_output_tokens: null,
        max_tool_calls: null,
        service_tier: 'default',
        metadata: {},
        safety_identifier: null,
        prompt_cache_key: null,
      },
      body: request(),
    });
  });

  it('is read with every field', () => {
    const parsed = parseResponsesRequest({ ...fullRequest, unknown_field: 'x' });
    expect(parsed).toMatchObject({
      stream: true,
      store: true,
      background: true,
      previousResponseId: 'resp_1',
      instructions: 'be brief',
      outputCapTokens: 16,
      include: ['reasoning.encrypted_content', 'message.output_text.logprobs'],
      settings: {
        text: { format: { type: 'json_schema', name: 'x', schema: { type: 'object' } }, verbosity: 'low' },
        reasoning: { effort: 'low', summary: 'auto' },
        service_tier: 'flex',
        metadata: { a: 'b' },
        user: 'u',
      },
    });
    expect(parsed.body['unknown_field']).toBe('x');
    expect(parsed.settings.tools[0]).toEqual({
      type: 'function',
      name: 'f',
      description: null,
      parameters: { type: 'object', properties: { a: { const: null } } },
      strict: null,
    });
  });

  it.each(Object.keys(fullRequest).filter((name) => name !== 'model' && name !== 'input'))(
    'takes null in `%s` for its absence',
    (name) => {
      expect(parseResponsesRequest(request({ [name]: null })).body).toEqual(request());
    },
  );

  it.each(clientItems)('may have an item as clients send it: %s', (_name, item) => {
    const { input } = parseResponsesRequest(withInput(item));
    expect(input).toHaveLength(1);
    expect(parseItems([item])).toEqual(input);
  });

  it('names the type of messages and references that have none', () => {
    const { input } = parseResponsesRequest(
      withInput({ role: 'user', content: 'a', type: null }, { id: 'msg_1' }, { type: null, id: 'msg_2' }),
    );
    expect(input.map(({ type }) => type)).toEqual(['message', 'item_reference', 'item_reference']);
  });

  it('needs no input to continue', () => {
    expect(parseResponsesRequest({ model: 'm', previous_response_id: 'r' }).input).toEqual([]);
    expect(parseResponsesRequest({ model: 'm', conversation: { id: 'c' } }).conversationId).toBe('c');
    expect(parseResponsesRequest({ model: 'm', conversation: 'c' }).conversationId).toBe('c');
  });

  it('does not show what a client lets an upstream log in with', () => {
    const sent = {
      type: 'mcp',
      server_label: 's',
      server_url: 'https://a',
      authorization: 'x',
      headers: { a: 'x' },
    };
    expect(parseResponsesRequest(tool(sent)).settings.tools).toEqual([
      { type: 'mcp', server_label: 's', server_url: 'https://a' },
    ]);
  });
});

describe('a request that does not fit', () => {
  it.each<[JsonObject, string, string]>([
    [{ input: 'x' }, 'missing_required_parameter', 'model'],
    [{ model: 'm' }, 'missing_required_parameter', 'input'],
    [{ model: 'm', input: [] }, 'missing_required_parameter', 'input'],
    [request({ input: 7 }), 'invalid_value', 'input'],
    [request({ background: true, store: false }), 'invalid_value', 'background'],
    [request({ previous_response_id: 'a', conversation: 'b' }), 'invalid_value', 'conversation'],
    [request({ conversation: {} }), 'missing_required_parameter', 'conversation.id'],
    [request({ max_output_tokens: 15 }), 'invalid_value', 'max_output_tokens'],
    [request({ max_tool_calls: 0 }), 'invalid_value', 'max_tool_calls'],
    [request({ temperature: 2.1 }), 'invalid_value', 'temperature'],
    [request({ top_p: -1 }), 'invalid_value', 'top_p'],
    [request({ top_logprobs: 21 }), 'invalid_value', 'top_logprobs'],
    [request({ stream: 'yes' }), 'invalid_value', 'stream'],
    [request({ include: [7] }), 'invalid_value', 'include[0]'],
    [request({ safety_identifier: 'x'.repeat(129) }), 'invalid_value', 'safety_identifier'],
    [request({ metadata: { a: 1 } }), 'invalid_value', 'metadata.a'],
    [request({ metadata: { a: 'x'.repeat(513) } }), 'invalid_value', 'metadata.a'],
    [request({ metadata: { ['k'.repeat(65)]: 'x' } }), 'invalid_value', 'metadata'],
    [
      request({ metadata: Object.fromEntries(Array.from({ length: 17 }, (_, n) => [`k${n}`, 'x'])) }),
      'invalid_value',
      'metadata',
    ],
    [request({ reasoning: { effort: 'huge' } }), 'invalid_value', 'reasoning.effort'],
    [
      request({ text: { format: { type: 'json_schema', name: 'x' } } }),
      'missing_required_parameter',
      'text.format.schema',
    ],
    [request({ text: { format: { type: 'xml' } } }), 'invalid_value', 'text.format.type'],
    [request({ tool_choice: 'maybe' }), 'invalid_value', 'tool_choice'],
    [request({ tool_choice: { type: 'function' } }), 'missing_required_parameter', 'tool_choice.name'],
    [
      request({ context_management: [{ type: 'compaction', compact_threshold: 1 }] }),
      'invalid_value',
      'context_management[0].compact_threshold',
    ],
    [request({ prompt: { id: 'pmpt_1' } }), 'unsupported_parameter', 'prompt'],
    [tool({ type: 7 }), 'invalid_value', 'tools[0].type'],
    [tool({ name: 'f' }), 'missing_required_parameter', 'tools[0].type'],
    [tool({ type: 'tool_search', execution: 'nowhere' }), 'invalid_value', 'tools[0].execution'],
    [tool({ type: 'function' }), 'missing_required_parameter', 'tools[0].name'],
    [tool({ type: 'function', name: 'a b' }), 'invalid_value', 'tools[0].name'],
    [
      tool({ type: 'namespace', name: 'n', tools: [{ type: 'function', name: 7 }] }),
      'invalid_value',
      'tools[0].tools[0].name',
    ],
    [
      tool({ type: 'file_search', vector_store_ids: ['vs'] }),
      'unsupported_parameter',
      'tools[0].vector_store_ids',
    ],
    [tool({ type: 'code_interpreter', container: 'cntr' }), 'unsupported_parameter', 'tools[0].container'],
    [
      tool({ type: 'code_interpreter', container: { type: 'auto', file_ids: ['f'] } }),
      'unsupported_parameter',
      'tools[0].container.file_ids',
    ],
    [
      tool({ type: 'shell', environment: { type: 'container_reference', container_id: 'c' } }),
      'unsupported_parameter',
      'tools[0].environment.container_id',
    ],
    [withInput({}), 'missing_required_parameter', 'input[0].type'],
    [withInput({ type: 7 }), 'invalid_value', 'input[0].type'],
    [withInput({ type: 'thought', id: 7 }), 'invalid_value', 'input[0].id'],
    [
      withInput({ type: 'configuration_update', reasoning: { effort: 'huge' } }),
      'invalid_value',
      'input[0].reasoning.effort',
    ],
    [
      withInput({ type: 'tool_search_output', tools: [{ type: 'function' }] }),
      'missing_required_parameter',
      'input[0].tools[0].name',
    ],
    [
      withInput({ type: 'computer_call_output', call_id: 'c', output: { file_id: 'f' } }),
      'unsupported_parameter',
      'input[0].output.file_id',
    ],
    [withInput({ role: 'robot', content: 'x' }), 'invalid_value', 'input[0].role'],
    [withInput({ role: 'user' }), 'missing_required_parameter', 'input[0].content'],
    [withInput({ role: 'user', content: null }), 'invalid_value', 'input[0].content'],
    [
      withInput({ role: 'assistant', content: [{ type: 'input_image', image_url: 'data:x' }] }),
      'invalid_value',
      'input[0].content[0].type',
    ],
    [
      withInput({ role: 'user', content: 'x' }, { type: 'function_call' }),
      'missing_required_parameter',
      'input[1].call_id',
    ],
    [
      withInput({ type: 'function_call_output', call_id: 'c', output: 5 }),
      'invalid_value',
      'input[0].output',
    ],
    [
      withInput({
        type: 'function_call_output',
        call_id: 'c',
        output: [{ type: 'input_file', file_id: 'f' }],
      }),
      'unsupported_parameter',
      'input[0].output[0].file_id',
    ],
    [user({ type: 'input_text' }), 'missing_required_parameter', 'input[0].content[0].text'],
    [user({ type: 'input_image', file_id: 'f' }), 'unsupported_parameter', 'input[0].content[0].file_id'],
    [user({ type: 'input_image' }), 'missing_required_parameter', 'input[0].content[0].image_url'],
    [user({ type: 'input_image', image_url: 'ftp://x' }), 'invalid_value', 'input[0].content[0].image_url'],
    [
      user({ type: 'input_file', file_url: 'https://x' }),
      'unsupported_parameter',
      'input[0].content[0].file_url',
    ],
    [
      user({ type: 'input_file', filename: 'x' }),
      'missing_required_parameter',
      'input[0].content[0].file_data',
    ],
  ])('%j is %s at %s', (sent, code, param) => {
    const error = failure(() => parseResponsesRequest(sent));
    expect({ code: error.code, param: error.param, status: error.status }).toEqual({
      code,
      param,
      status: 400,
    });
  });

  it('is told at items of a conversation too', () => {
    expect(failure(() => parseItems(undefined)).param).toBe('items');
    expect(failure(() => parseItems([{ role: 'user' }])).param).toBe('items[0].content');
  });

  it('never does more harm than a refusal', () => {
    fc.assert(
      fc.property(fc.constantFrom(...Object.keys(fullRequest)), fc.jsonValue(), (name, value) => {
        try {
          parseResponsesRequest({ ...fullRequest, [name]: value });
        } catch (thrown) {
          expect(thrown).toBeInstanceOf(GatewayError);
        }
      }),
    );
  });
});
