import { calling, output, USER } from '../../support/chat-turns.js';
import { describe, expect, it } from '@jest/globals';
import type { JsonObject } from '../../../src/base/json.js';
import { bodyOf, messagesOf } from './request-fixture.js';

const text = (words: string): JsonObject => ({ type: 'text', text: words });
const user = (...content: readonly JsonObject[]): JsonObject => ({ role: 'user', content });
const assistant = (...content: readonly JsonObject[]): JsonObject => ({ role: 'assistant', content });
const use = (id: string, input: JsonObject = { at: 1 }): JsonObject => ({
  type: 'tool_use',
  id,
  name: 'look',
  input,
});
const result = (id: string, content: unknown = 'seen'): JsonObject =>
  ({ type: 'tool_result', tool_use_id: id, content }) as JsonObject;

describe('instructions', () => {
  it('in front are the system prompt, block by block', () => {
    const messages = [
      { role: 'system', content: 'One' },
      { role: 'developer', content: [text('Two'), text('Three')] },
      USER,
    ];
    const body = bodyOf({ messages });
    expect(body['system']).toEqual([text('One'), text('Two'), text('Three')]);
    expect(body['messages']).toEqual([user(text('Hi'))]);
  });

  it('later on are words of the user at their place', () => {
    expect(
      messagesOf(USER, { role: 'assistant', content: 'Yes' }, { role: 'system', content: 'Now' }, USER),
    ).toEqual([user(text('Hi')), assistant(text('Yes')), user(text('Now'), text('Hi'))]);
  });

  it('alone are what the user says', () => {
    const body = bodyOf({ messages: [{ role: 'system', content: 'Say hi.' }] });
    expect(body).not.toHaveProperty('system');
    expect(body['messages']).toEqual([user(text('Say hi.'))]);
  });
});

describe('what is said', () => {
  it('is one turn while the speaker is the same, without blank text', () => {
    expect(
      messagesOf(
        USER,
        user(text(''), text(' \n'), text('there')),
        { role: 'assistant', content: '' },
        { role: 'assistant', content: [text('A'), { type: 'refusal', refusal: 'B' }] },
        USER,
      ),
    ).toEqual([user(text('Hi'), text('there')), assistant(text('A'), text('B')), user(text('Hi'))]);
  });

  it('begins with the user, and ends without blanks where it is to be continued', () => {
    const [first, second] = messagesOf({ role: 'assistant', content: 'Once upon \n' }) as JsonObject[];
    expect(first).toMatchObject({ role: 'user' });
    expect(second).toEqual(assistant(text('Once upon')));
  });

  it('may be images and documents', () => {
    const png = 'iVBORw0KGgo=';
    const parts: JsonObject[] = [
      { type: 'image_url', image_url: { url: `data:image/jpg;base64,${png}`, detail: 'high' } },
      { type: 'image_url', image_url: { url: 'https://example.com/a.png' } },
      { type: 'file', file: { filename: 'a.pdf', file_data: 'data:application/pdf;base64,JVBERi0x' } },
      { type: 'file', file: { filename: 'b.pdf', file_data: 'JVBERi0x' } },
      { type: 'file', file: { filename: 'a.txt', file_data: 'data:text/plain;charset=utf-8,caf%C3%A9' } },
      { type: 'file', file: { filename: 'a.png', file_data: `data:image/png;base64,${png}` } },
    ];
    const pdf = { type: 'base64', media_type: 'application/pdf', data: 'JVBERi0x' };
    expect(messagesOf(user(...parts))).toEqual([
      user(
        { type: 'image', source: { type: 'base64', media_type: 'image/jpeg', data: png } },
        { type: 'image', source: { type: 'url', url: 'https://example.com/a.png' } },
        { type: 'document', source: pdf, title: 'a.pdf' },
        { type: 'document', source: pdf, title: 'b.pdf' },
        {
          type: 'document',
          source: { type: 'text', media_type: 'text/plain', data: 'café' },
          title: 'a.txt',
        },
        { type: 'image', source: { type: 'base64', media_type: 'image/png', data: png } },
      ),
    ]);
  });
});

describe('calls', () => {
  it('have their results first in the next turn', () => {
    const image = { type: 'image_url', image_url: { url: 'https://example.com/a.png' } };
    expect(messagesOf(USER, calling('a', 'b'), output('a'), USER, output('b', [text('x'), image]))).toEqual([
      user(text('Hi')),
      assistant(use('a'), use('b')),
      user(
        result('a'),
        result('b', [
          text('x'),
          { type: 'image', source: { type: 'url', url: 'https://example.com/a.png' } },
        ]),
        text('Hi'),
      ),
    ]);
  });

  it.each([
    ['', {}],
    ['{"a":[1]}', { a: [1] }],
    ['[1]', { _unparsed: '[1]' }],
    ['{"a":', { _unparsed: '{"a":' }],
    [`${'['.repeat(1_000)}${']'.repeat(1_000)}`, { _unparsed: `${'['.repeat(1_000)}${']'.repeat(1_000)}` }],
  ])('have an object as their input: %.20s', (given, input) => {
    const call = { id: 'a', type: 'function', function: { name: 'look', arguments: given } };
    const [, turn] = messagesOf(USER, { role: 'assistant', tool_calls: [call] }, output('a')) as JsonObject[];
    expect(turn).toEqual(assistant(use('a', input)));
  });

  it('of custom tools have their text in it', () => {
    const call = { id: 'a', type: 'custom', custom: { name: 'look', input: 'up' } };
    const [, turn] = messagesOf(USER, { role: 'assistant', tool_calls: [call] }, output('a')) as JsonObject[];
    expect(turn).toEqual(assistant(use('a', { input: 'up' })));
  });

  it('of the older form are paired in order', () => {
    const called = {
      role: 'assistant',
      content: null,
      function_call: { name: 'look', arguments: '{"at":1}' },
    };
    const answered = { role: 'function', name: 'look', content: 'seen' };
    const [, one, two, three, four] = messagesOf(USER, called, answered, called, answered) as JsonObject[];
    const idOf = (turn: JsonObject | undefined): unknown => {
      const [block] = turn?.['content'] as JsonObject[];
      return block?.['id'] ?? block?.['tool_use_id'];
    };
    expect(idOf(one)).toMatch(/^[a-zA-Z0-9_-]+$/);
    expect([idOf(two), idOf(four)]).toEqual([idOf(one), idOf(three)]);
    expect(idOf(three)).not.toBe(idOf(one));
  });

  it('get ids that fit, the same ones on every turn', () => {
    const history = [USER, calling('functions.look:0'), output('functions.look:0')];
    const first = messagesOf(...history) as JsonObject[];
    expect(JSON.stringify(first)).not.toContain('functions.look');
    const longer = messagesOf(...history, { role: 'assistant', content: 'A' }, USER) as JsonObject[];
    expect(longer.slice(0, first.length)).toEqual(first);
  });

  it('without a result do not go up, and results without a call are text', () => {
    expect(messagesOf(USER, calling('a', 'b'), output('b'), output('b'), output('c', ''))).toEqual([
      user(text('Hi')),
      assistant(use('b')),
      user(
        result('b'),
        text('Output of tool call b:'),
        text('seen'),
        text(expect.stringMatching(/^Output of tool call call_\w+:$/) as unknown as string),
      ),
    ]);
    expect(messagesOf(USER, calling('a'), USER)).toEqual([user(text('Hi'), text('Hi'))]);
  });
});
