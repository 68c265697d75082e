import { describe, expect, it } from '@jest/globals';
import type { JsonObject } from '../../../src/base/json.js';
import { GatewayError } from '../../../src/base/errors/gateway-error.js';
import { growth } from '../../support/growth.js';
import { bodyOf } from './gemini-fixture.js';

const user = (content: JsonObject[] | string): JsonObject => ({ role: 'user', content });
const calls = (...names: string[]): JsonObject => ({
  role: 'assistant',
  content: null,
  tool_calls: names.map((name, index) => ({
    id: `${name}-${index}`,
    type: 'function',
    function: { name, arguments: `{"n":${index}}` },
  })),
});
const output = (tool_call_id: string, content: JsonObject[] | string): JsonObject => ({
  role: 'tool',
  tool_call_id,
  content,
});
const PNG = 'iVBORw0KGgo=';
const image = { type: 'image_url', image_url: { url: `data:image/png;base64,${PNG}` } };
const contentsOf = (...messages: JsonObject[]): unknown => bodyOf({ messages }, { model: 'm' }).contents;
const response = (name: string, index: number, text: string): JsonObject => ({
  functionResponse: { id: `${name}-${index}`, name, response: { output: text } },
});
const call = (name: string, index: number): JsonObject => ({
  functionCall: { id: `${name}-${index}`, name, args: { n: index } },
});

describe('messages', () => {
  it('have two roles, and neighbours of one role are joined', () => {
    const { systemInstruction, contents } = bodyOf({
      messages: [
        { role: 'system', content: 'Be brief.' },
        { role: 'developer', content: [{ type: 'text', text: 'Be kind.' }] },
        user('Hi'),
        user([{ type: 'text', text: 'there' }, image]),
        { role: 'assistant', content: 'Hello' },
        { role: 'assistant', content: [{ type: 'refusal', refusal: 'No.' }] },
        { role: 'system', content: 'Be quick.' },
        user('Go'),
      ],
    });
    expect(systemInstruction).toEqual({ parts: [{ text: 'Be brief.' }, { text: 'Be kind.' }] });
    expect(contents).toEqual([
      {
        role: 'user',
        parts: [{ text: 'Hi' }, { text: 'there' }, { inlineData: { mimeType: 'image/png', data: PNG } }],
      },
      { role: 'model', parts: [{ text: 'Hello' }, { text: 'No.' }] },
      { role: 'user', parts: [{ text: 'Be quick.' }, { text: 'Go' }] },
    ]);
  });

  it('leave empty texts out, and instructions alone are said by the user', () => {
    const messages = [
      { role: 'system', content: 'Sing.' },
      { role: 'assistant', content: '' },
    ];
    expect(bodyOf({ messages })).toEqual({
      contents: [{ role: 'user', parts: [{ text: 'Sing.' }] }],
      generationConfig: { thinkingConfig: { includeThoughts: true } },
    });
  });

  it('carry sounds and documents inside', () => {
    const parts = [
      { type: 'input_audio', input_audio: { data: 'UklGRg==', format: 'wav' } },
      { type: 'file', file: { filename: 'a.pdf', file_data: 'data:application/pdf;base64,JVBERg==' } },
    ];
    expect(contentsOf(user(parts))).toEqual([
      {
        role: 'user',
        parts: [
          { inlineData: { mimeType: 'audio/wav', data: 'UklGRg==' } },
          { inlineData: { mimeType: 'application/pdf', data: 'JVBERg==' } },
        ],
      },
    ]);
  });

  it.each([
    ['image_url.url', { type: 'image_url', image_url: { url: 'data:image/png,AAAA' } }],
    ['image_url.url', { type: 'image_url', image_url: { url: 'data:image/png;base64,?' } }],
    ['input_audio.data', { type: 'input_audio', input_audio: { data: '?', format: 'mp3' } }],
    ['file.file_data', { type: 'file', file: { file_data: 'JVBERg==' } }],
  ])('are refused where they cannot be sent: %s', (field, part) => {
    const refused = (): unknown => contentsOf(user([{ type: 'text', text: 'See' }, part]));
    expect(refused).toThrow(GatewayError);
    expect(refused).toThrow(`messages[0].content[1].${field}`);
  });
});

it('reads a long text that is no base64 in one pass', () => {
  const long = (length: number) => (): unknown => {
    const url = `data:image/png;base64,${' '.repeat(length)}?`;
    return expect(() => contentsOf(user([{ type: 'image_url', image_url: { url } }]))).toThrow(GatewayError);
  };
  const bound = 80;
  expect(growth(long(100_000), long(1_600_000), bound)).toBeLessThan(bound);
});

describe('calls', () => {
  it('have as many outputs as there are calls, all in one content, in the order of the calls', () => {
    expect(
      contentsOf(
        user('Go'),
        calls('a', 'b', 'a'),
        output('a-2', 'third'),
        output('a-0', 'first'),
        output('b-1', [
          { type: 'text', text: 'two' },
          { type: 'text', text: 'lines' },
        ]),
        user('And?'),
      ),
    ).toEqual([
      { role: 'user', parts: [{ text: 'Go' }] },
      { role: 'model', parts: [call('a', 0), call('b', 1), call('a', 2)] },
      {
        role: 'user',
        parts: [response('a', 0, 'first'), response('b', 1, 'two\nlines'), response('a', 2, 'third')],
      },
      { role: 'user', parts: [{ text: 'And?' }] },
    ]);
  });

  it('that repeat an id are answered in order', () => {
    const twice = { ...calls('a', 'a') };
    const same = (twice['tool_calls'] as JsonObject[]).map((made) => ({ ...made, id: 'x' }));
    expect(
      contentsOf(user('Go'), { ...twice, tool_calls: same }, output('x', 'one'), output('x', 'two')),
    ).toMatchObject([
      {},
      {},
      {
        parts: [
          { functionResponse: { response: { output: 'one' } } },
          { functionResponse: { response: { output: 'two' } } },
        ],
      },
    ]);
  });

  it('without an output get an empty one; an output without a call is what the user says', () => {
    expect(contentsOf(user('Go'), calls('a', 'b'), output('b-1', 'two'), output('other', 'three'))).toEqual([
      { role: 'user', parts: [{ text: 'Go' }] },
      { role: 'model', parts: [call('a', 0), call('b', 1)] },
      { role: 'user', parts: [response('a', 0, ''), response('b', 1, 'two')] },
      { role: 'user', parts: [{ text: 'Output of a tool:' }, { text: 'three' }] },
    ]);
  });

  it('may have images as outputs, which stand behind the response', () => {
    expect(
      contentsOf(user('Go'), calls('a', 'b'), output('a-0', [image]), output('b-1', 'two')),
    ).toMatchObject([
      {},
      {},
      {
        parts: [
          response('a', 0, 'The output follows.'),
          { inlineData: { mimeType: 'image/png', data: PNG } },
          response('b', 1, 'two'),
        ],
      },
    ]);
  });

  it('do not begin a conversation', () => {
    expect(contentsOf(calls('a'), output('a-0', 'x'))).toEqual([
      { role: 'user', parts: [{ text: '(The beginning of the conversation was left out.)' }] },
      { role: 'model', parts: [call('a', 0)] },
      { role: 'user', parts: [response('a', 0, 'x')] },
    ]);
  });

  it('of the older form are answered by name', () => {
    expect(
      contentsOf(
        user('Go'),
        { role: 'assistant', content: null, function_call: { name: 'f', arguments: '{"x":1}' } },
        { role: 'function', name: 'f', content: 'done' },
      ),
    ).toEqual([
      { role: 'user', parts: [{ text: 'Go' }] },
      { role: 'model', parts: [{ functionCall: { name: 'f', args: { x: 1 } } }] },
      { role: 'user', parts: [{ functionResponse: { name: 'f', response: { output: 'done' } } }] },
    ]);
  });

  it.each([
    ['', {}],
    [' ', {}],
    ['{"a":[1]}', { a: [1] }],
    ['[1]', { _unparsed: '[1]' }],
    ['{"a', { _unparsed: '{"a' }],
  ])('have an object of arguments: %j', (given, args) => {
    const made = { id: 'x', type: 'function', function: { name: 'f', arguments: given } };
    const contents = contentsOf(user('Go'), { role: 'assistant', content: null, tool_calls: [made] });
    expect(contents).toMatchObject([{}, { parts: [{ functionCall: { args } }] }, {}]);
  });

  it.each(['call_0123456789abcdef0123456789abcdef', 'call_abcdefghijklmnopqrstuvwx', 'toolu_01AbC'])(
    'keep ids of their own alone: not %s',
    (id) => {
      const made = { id, type: 'function', function: { name: 'f', arguments: '{}' } };
      const contents = contentsOf(
        user('Go'),
        { role: 'assistant', content: null, tool_calls: [made] },
        output(id, 'x'),
      );
      expect(contents).toEqual([
        { role: 'user', parts: [{ text: 'Go' }] },
        { role: 'model', parts: [{ functionCall: { name: 'f', args: {} } }] },
        { role: 'user', parts: [{ functionResponse: { name: 'f', response: { output: 'x' } } }] },
      ]);
    },
  );
});
