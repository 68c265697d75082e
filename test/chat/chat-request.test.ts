import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { parseChatRequest } from '../../src/chat/chat-request.js';
import { GatewayError } from '../../src/base/errors/gateway-error.js';
import { type JsonObject, type JsonValue } from '../../src/base/json.js';
import { body, fullBody, tool, withMessages } from './chat-bodies.js';

function failure(sent: JsonObject): GatewayError {
  try {
    parseChatRequest(sent);
  } catch (thrown) {
    if (thrown instanceof GatewayError) return thrown;
    throw thrown;
  }
  throw new Error('the request was accepted');
}

const user = (part: JsonValue): JsonObject => withMessages({ role: 'user', content: [part] });

describe('a valid request', () => {
  it('is read with every field, and unknown fields stay in the body', () => {
    expect(parseChatRequest(fullBody)).toMatchObject({
      model: 'gpt-5.5',
      stream: true,
      includeUsage: true,
      outputCapTokens: 100,
    });
    expect(parseChatRequest({ ...fullBody, unknown_field: 'x' }).body['unknown_field']).toBe('x');
  });

  it('asks for nothing by default', () => {
    const request = parseChatRequest(body());
    expect(request).toEqual({
      model: 'm',
      stream: false,
      store: false,
      includeUsage: false,
      body: body(),
    });
  });

  it.each(Object.keys(fullBody).filter((name) => name !== 'model' && name !== 'messages'))(
    'takes null in `%s` for its absence',
    (name) => {
      expect(parseChatRequest(body({ [name]: null })).body).toEqual(body());
    },
  );

  it('keeps a null that means something: content of a calling assistant, null in a JSON schema', () => {
    const sent = {
      ...withMessages({
        role: 'assistant',
        content: null,
        refusal: null,
        tool_calls: [{ id: 'c', type: 'function', function: { name: 'f', arguments: '' } }],
      }),
      tools: [tool],
    };
    const { body: kept } = parseChatRequest(sent);
    expect(kept['tools']).toEqual([tool]);
    expect(kept['messages']).toEqual([{ role: 'assistant', content: null, tool_calls: [expect.anything()] }]);
  });

  it.each([
    ['stop as a string', { stop: 'x' }],
    ['a tier that asks for nothing', { service_tier: 'auto' }],
    ['a JSON object format', { response_format: { type: 'json_object' } }],
    [
      'allowed tools',
      { tool_choice: { type: 'allowed_tools', allowed_tools: { mode: 'auto', tools: [{}] } } },
    ],
    ['function_call by name', { function_call: { name: 'f' } }],
  ])('may have %s', (_name, fields) => {
    expect(parseChatRequest(body(fields)).body).toEqual(body(fields));
  });

  it('takes the older output limit when it is the only one', () => {
    expect(parseChatRequest(body({ max_tokens: 5 })).outputCapTokens).toBe(5);
  });
});

describe('an invalid request', () => {
  it.each<[string, string, JsonObject]>([
    ['missing_required_parameter', 'model', { messages: [{ role: 'user', content: 'x' }] }],
    ['missing_required_parameter', 'messages', { model: 'm' }],
    ['invalid_value', 'model', body({ model: 5 })],
    ['invalid_value', 'model', body({ model: '' })],
    ['invalid_value', 'messages', withMessages()],
    ['invalid_value', 'messages', body({ messages: 'hi' })],
    ['invalid_value', 'messages[0]', withMessages('hi')],
    ['missing_required_parameter', 'messages[0].role', withMessages({ content: 'x' })],
    ['invalid_value', 'messages[0].role', withMessages({ role: 'robot', content: 'x' })],
    ['invalid_value', 'messages[0].role', withMessages({ role: 5, content: 'x' })],
    ['missing_required_parameter', 'messages[0].content', withMessages({ role: 'user' })],
    ['invalid_value', 'messages[0].content', withMessages({ role: 'user', content: 5 })],
    ['invalid_value', 'messages[0].content', withMessages({ role: 'user', content: [] })],
    ['invalid_value', 'messages[0].content[0]', user('x')],
    ['invalid_value', 'messages[0].content[0].type', user({ type: 'video' })],
    ['missing_required_parameter', 'messages[0].content[0].text', user({ type: 'text' })],
    [
      'missing_required_parameter',
      'messages[0].content[0].image_url.url',
      user({ type: 'image_url', image_url: {} }),
    ],
    [
      'invalid_value',
      'messages[0].content[0].image_url.url',
      user({ type: 'image_url', image_url: { url: 'file:///x' } }),
    ],
    [
      'invalid_value',
      'messages[0].content[0].image_url',
      user({ type: 'image_url', image_url: 'https://x' }),
    ],
    [
      'unsupported_parameter',
      'messages[0].content[0].file.file_id',
      user({ type: 'file', file: { file_id: 'f' } }),
    ],
    ['missing_required_parameter', 'messages[0].content[0].file.file_data', user({ type: 'file', file: {} })],
    [
      'invalid_value',
      'messages[0].content[0].type',
      withMessages({ role: 'system', content: [{ type: 'image_url' }] }),
    ],
    ['missing_required_parameter', 'messages[0].tool_call_id', withMessages({ role: 'tool', content: 'x' })],
    ['missing_required_parameter', 'messages[0].content', withMessages({ role: 'assistant' })],
    [
      'missing_required_parameter',
      'messages[0].content',
      withMessages({ role: 'assistant', content: null, tool_calls: [] }),
    ],
    ['unsupported_parameter', 'messages[0].audio', withMessages({ role: 'assistant', audio: { id: 'a' } })],
    ['invalid_value', 'stream', body({ stream: 'true' })],
    ['invalid_value', 'stream_options.include_usage', body({ stream_options: { include_usage: 1 } })],
    ['invalid_value', 'temperature', body({ temperature: 2.1 })],
    ['invalid_value', 'top_p', body({ top_p: -0.1 })],
    ['invalid_value', 'n', body({ n: 0 })],
    ['invalid_value', 'n', body({ n: 129 })],
    ['invalid_value', 'n', body({ n: 1.5 })],
    ['invalid_value', 'max_tokens', body({ max_tokens: 0 })],
    ['invalid_value', 'max_completion_tokens', body({ max_completion_tokens: '5' })],
    ['invalid_value', 'stop', body({ stop: ['a', 'b', 'c', 'd', 'e'] })],
    ['invalid_value', 'stop[0]', body({ stop: [1] })],
    ['invalid_value', 'top_logprobs', body({ top_logprobs: 21 })],
    ['invalid_value', 'logit_bias', body({ logit_bias: [] })],
    ['invalid_value', 'presence_penalty', body({ presence_penalty: 3 })],
    [
      'invalid_value',
      'metadata',
      body({ metadata: Object.fromEntries(Array.from({ length: 17 }, (_, i) => [`k${i}`, ''])) }),
    ],
    ['invalid_value', 'metadata', body({ metadata: { ['k'.repeat(65)]: '' } })],
    ['invalid_value', 'metadata.k', body({ metadata: { k: 'v'.repeat(513) } })],
    ['invalid_value', 'metadata', body({ metadata: { 'a key': 5 } })],
    ['invalid_value', 'tools[0].type', body({ tools: [{ type: 'web_search' }] })],
    ['missing_required_parameter', 'tools[0].function', body({ tools: [{ type: 'function' }] })],
    [
      'invalid_value',
      'tools[0].function.name',
      body({ tools: [{ type: 'function', function: { name: 'a b' } }] }),
    ],
    ['invalid_value', 'tool_choice', body({ tool_choice: 'any' })],
    [
      'invalid_value',
      'tool_choice.function.name',
      body({ tools: [tool], tool_choice: { type: 'function', function: { name: 'x' } } }),
    ],
    ['invalid_value', 'response_format.type', body({ response_format: { type: 'xml' } })],
    [
      'missing_required_parameter',
      'response_format.json_schema',
      body({ response_format: { type: 'json_schema' } }),
    ],
    ['invalid_value', 'reasoning_effort', body({ reasoning_effort: 'huge' })],
    ['invalid_value', 'store', body({ store: 'yes' })],
    ['unsupported_parameter', 'modalities', body({ modalities: ['text', 'audio'] })],
    ['unsupported_parameter', 'audio', body({ audio: { voice: 'ash', format: 'wav' } })],
    ['invalid_value', 'function_call', body({ function_call: 'maybe' })],
  ])('is %s at %s', (code, param, sent) => {
    const error = failure(sent);
    expect({ code: error.code, param: error.param, status: error.status }).toEqual({
      code,
      param,
      status: 400,
    });
    expect(error.message).toContain(param);
  });

  it.each<[JsonObject, string]>([
    [body({ temperature: 3 }), '`temperature` must be between 0 and 2.'],
    [body({ stream: 'yes' }), '`stream` must be true or false.'],
    [body({ stop: 5 }), '`stop` must be a string or an array.'],
    [body({ tool_choice: 'x' }), '`tool_choice` must be one of "none", "auto" or "required".'],
    [
      withMessages({ role: 'x' }),
      '`messages[0].role` must be one of "system", "developer", "user", "assistant", "tool" or "function".',
    ],
    [body({ metadata: { k: 'v'.repeat(600) } }), '`metadata.k` must have at most 512 characters.'],
  ])('is told what would be right', (sent, message) => {
    expect(failure(sent).message).toBe(message);
  });

  it('never hears its own long text again', () => {
    const secret = 'prompt'.repeat(50);
    for (const sent of [
      body({ tool_choice: secret }),
      body({ metadata: { [secret]: 5 } }),
      withMessages({ role: secret }),
    ]) {
      expect(failure(sent).message).not.toContain('promptprompt');
    }
  });
});

/** Every path of a document, and the document with another value there. */
function paths(value: unknown, path: (string | number)[] = []): (string | number)[][] {
  if (typeof value !== 'object' || value === null) return [path];
  return [
    path,
    ...Object.entries(value).flatMap(([key, child]) =>
      paths(child, [...path, Array.isArray(value) ? Number(key) : key]),
    ),
  ];
}

function replaced(value: unknown, [key, ...rest]: (string | number)[], by: unknown): unknown {
  if (key === undefined) return by;
  const copy = (Array.isArray(value) ? [...(value as unknown[])] : { ...(value as object) }) as Record<
    string | number,
    unknown
  >;
  copy[key] = replaced(copy[key], rest, by);
  return copy;
}

describe('any body', () => {
  it('that differs from a valid one anywhere is accepted or refused with 400, never crashed on', () => {
    const everyPath = paths(fullBody).slice(1);
    fc.assert(
      fc.property(fc.constantFrom(...everyPath), fc.jsonValue({ maxDepth: 3 }), (path, value) => {
        const sent = replaced(fullBody, path, value) as JsonObject;
        try {
          expect(typeof parseChatRequest(sent).model).toBe('string');
        } catch (thrown) {
          expect(thrown).toBeInstanceOf(GatewayError);
          expect((thrown as GatewayError).status).toBe(400);
          expect((thrown as GatewayError).param).toBeTruthy();
        }
      }),
      { numRuns: 2000 },
    );
  });

  it('with a hostile name of a field leaves objects as they are', () => {
    const sent = JSON.parse(
      '{"model":"m","messages":[{"role":"user","content":"x"}],"__proto__":{"a":null,"stream":true}}',
    ) as JsonObject;
    const request = parseChatRequest(sent);
    expect(request.stream).toBe(false);
    expect(request.body['stream']).toBeUndefined();
  });
});
