import { describe, expect, it } from '@jest/globals';
import type { JsonObject } from '../../../src/json.js';
import { convertAnswer } from '../../../src/providers/openai/convert-answer.js';
import { ChunkConverter } from '../../../src/providers/openai/convert-chunk.js';
import type { TextEvent } from '../../../src/providers/text/text-event.js';
import { UpstreamFailure } from '../../../src/providers/upstream-failure.js';
import { chatAnswer, chatChunk, chatUsage } from '../../support/chat-wire.js';

function convert(...chunks: readonly JsonObject[]): TextEvent[] {
  const converter = new ChunkConverter();
  const events: TextEvent[] = [];
  for (const chunk of chunks) converter.convert(chunk, events);
  return events;
}

function answer(message: JsonObject, finishReason = 'stop', extra: JsonObject = {}): TextEvent[] {
  return convertAnswer(Buffer.from(JSON.stringify(chatAnswer(message, finishReason, extra))));
}

const start = { type: 'start', choice: 0 };
const finish = { type: 'finish', choice: 0, reason: 'stop' };

describe('chunks', () => {
  it('begin a choice once, however often the role comes', () => {
    const chunks = ['a', 'b'].map((content) => chatChunk({ role: 'assistant', content }));
    expect(convert(...chunks)).toEqual([
      start,
      { type: 'text', choice: 0, text: 'a' },
      { type: 'text', choice: 0, text: 'b' },
    ]);
  });

  it('may carry content and finish reason together', () => {
    expect(convert(chatChunk({ content: 'a' }, 'stop'))).toEqual([
      start,
      { type: 'text', choice: 0, text: 'a' },
      finish,
    ]);
  });

  it('do not finish with an empty reason', () => {
    expect(convert(chatChunk({ content: 'a' }, ''))).toHaveLength(2);
  });

  it('say nothing more after the finish, except usage', () => {
    const late = chatChunk({ content: 'late' }, 'length', { usage: chatUsage(1, 2) });
    expect(convert(chatChunk({}, 'stop'), late).map((event) => event.type)).toEqual([
      'start',
      'finish',
      'usage',
    ]);
  });

  it.each([
    ['reasoning_content', { reasoning_content: 'why' }],
    ['reasoning', { reasoning: 'why' }],
    ['thinking parts', { content: [{ type: 'thinking', thinking: [{ type: 'text', text: 'why' }] }] }],
  ])('give reasoning by %s', (_name, delta) => {
    expect(convert(chatChunk(delta))).toEqual([start, { type: 'reasoning', choice: 0, text: 'why' }]);
  });

  it('give the text of content parts', () => {
    const content = [{ type: 'text', text: 'a' }, null, { type: 'text', text: 'b' }];
    expect(convert(chatChunk({ content }))[1]).toEqual({ type: 'text', choice: 0, text: 'ab' });
  });

  it('keep logprobs with their text', () => {
    const choices = [{ index: 0, delta: { content: 'a' }, logprobs: { content: [] }, finish_reason: null }];
    expect(convert(chatChunk({}, null, { choices }))[1]).toMatchObject({
      text: 'a',
      logprobs: { content: [] },
    });
  });

  it.each([
    ['null choices', { choices: null }],
    ['a null choice', { choices: [null] }],
  ])('tolerate %s', (_name, extra) => {
    expect(convert(chatChunk({}, null, extra))).toEqual([]);
  });

  it('are refused for a choice out of range', () => {
    expect(() => convert({ choices: [{ index: 128, delta: {} }] })).toThrow(UpstreamFailure);
    expect(() => convert({ choices: [{ index: -1, delta: {} }] })).toThrow(UpstreamFailure);
  });
});

describe('tool call deltas', () => {
  const call = (fields: JsonObject): JsonObject => chatChunk({ tool_calls: [fields] });
  const begun = (index: number, id: string, name = 'look'): JsonObject => ({
    type: 'tool_call_start',
    choice: 0,
    index,
    id,
    name,
    kind: 'function',
  });
  const piece = (index: number, text: string): JsonObject => ({
    type: 'tool_call_delta',
    choice: 0,
    index,
    arguments: text,
  });

  it('start a call once though id and name are repeated', () => {
    const first = { index: 0, id: 'a', type: 'function', function: { name: 'look', arguments: '{' } };
    const second = { index: 0, id: 'a', type: 'function', function: { name: 'look', arguments: '}' } };
    expect(convert(call(first), call(second))).toEqual([start, begun(0, 'a'), piece(0, '{'), piece(0, '}')]);
  });

  it('are told apart by id when they have no index', () => {
    const first = { id: 'a', function: { name: 'look', arguments: '{}' } };
    const second = { id: 'b', function: { name: 'look', arguments: '{}' } };
    expect(convert(call(first), call(second))).toEqual([
      start,
      begun(0, 'a'),
      piece(0, '{}'),
      begun(1, 'b'),
      piece(1, '{}'),
    ]);
  });

  it('are told apart by id when whole calls share one index', () => {
    const first = { index: 0, id: 'a', function: { name: 'look', arguments: '{}' } };
    const second = { index: 0, id: 'b', function: { name: 'find', arguments: '{}' } };
    expect(convert(call(first), call(second)).filter((event) => event.type === 'tool_call_start')).toEqual([
      begun(0, 'a'),
      begun(1, 'b', 'find'),
    ]);
  });

  it('keep to their call when only the index comes again', () => {
    const deltas = [
      { index: 0, id: 'a', function: { name: 'look', arguments: '' } },
      { index: 1, id: 'b', function: { name: 'find', arguments: '' } },
      { index: 0, function: { arguments: '1' } },
      { index: 1, function: { arguments: '2' } },
    ];
    expect(convert(...deltas.map(call))).toEqual([
      start,
      begun(0, 'a'),
      begun(1, 'b', 'find'),
      piece(0, '1'),
      piece(1, '2'),
    ]);
  });

  it('get an id when the upstream gives none', () => {
    const events = convert(call({ index: 0, function: { name: 'look', arguments: {} } }));
    expect(events[1]).toMatchObject({ id: expect.stringMatching(/^call_[0-9a-f]{32}$/) });
    expect(events[2]).toEqual(piece(0, '{}'));
  });

  it('wait for the name', () => {
    const deltas = [
      { index: 0, id: 'a', function: { arguments: '{' } },
      { index: 0, function: { name: 'look', arguments: '}' } },
    ];
    expect(convert(...deltas.map(call))).toEqual([start, begun(0, 'a'), piece(0, '{}')]);
  });

  it('are refused when the name never comes', () => {
    const nameless = call({ index: 0, id: 'a', function: { arguments: '{}' } });
    expect(() => convert(nameless, chatChunk({}, 'tool_calls'))).toThrow(UpstreamFailure);
  });

  it('may be input of a custom tool', () => {
    const events = convert(call({ index: 0, id: 'a', type: 'custom', custom: { name: 'run', input: 'ls' } }));
    expect(events.slice(1)).toEqual([{ ...begun(0, 'a', 'run'), kind: 'custom' }, piece(0, 'ls')]);
  });
});

describe('fields that the vocabulary does not name', () => {
  it('survive on the first event of their chunk and choice', () => {
    const choices = [{ index: 0, delta: { content: 'a', audio: 1 }, finish_reason: null, filtered: true }];
    expect(convert(chatChunk({}, null, { choices, system_fingerprint: 'fp', service_tier: 'flex' }))).toEqual(
      [
        {
          ...start,
          extras: {
            answer: { system_fingerprint: 'fp', service_tier: 'flex' },
            choice: { filtered: true },
            message: { audio: 1 },
          },
        },
        { type: 'text', choice: 0, text: 'a' },
      ],
    );
  });

  it('wait for the next event when their chunk says nothing else', () => {
    const filter = chatChunk({}, null, { choices: [], prompt_filter_results: [] });
    expect(convert(filter, chatChunk({ content: 'a' }))[0]).toEqual({
      ...start,
      extras: { answer: { prompt_filter_results: [] } },
    });
  });

  it('come with an empty text when their delta says nothing else', () => {
    const legacy = chatChunk({ function_call: { arguments: '{' } });
    expect(convert(chatChunk({ role: 'assistant' }), legacy)[1]).toEqual({
      type: 'text',
      choice: 0,
      text: '',
      extras: { message: { function_call: { arguments: '{' } } },
    });
  });

  it('never reach a prototype', () => {
    const chunk = JSON.parse('{"choices":[],"__proto__":{"polluted":true},"usage":null,"x":1}') as JsonObject;
    const [first] = convert(chunk, chatChunk({ content: 'a' }));
    expect(first).toEqual({ ...start, extras: { answer: { x: 1 } } });
    expect((first as { extras: { answer: JsonObject } }).extras.answer.polluted).toBeUndefined();
  });
});

describe('a whole answer', () => {
  it('is the same events as its stream', () => {
    const events = answer(
      { content: 'Hi', reasoning_content: 'why', annotations: [{ type: 'url_citation' }] },
      'stop',
      { service_tier: 'default' },
    );
    expect(events).toEqual([
      { ...start, extras: { answer: { service_tier: 'default' } } },
      { type: 'reasoning', choice: 0, text: 'why' },
      { type: 'text', choice: 0, text: 'Hi' },
      { type: 'annotation', choice: 0, annotation: { type: 'url_citation' } },
      finish,
      { type: 'usage', usage: expect.objectContaining({ inputTokens: 10 }) as object, raw: chatUsage(10, 5) },
    ]);
  });

  it('may lack a finish reason, since it is complete', () => {
    const called = { content: null, tool_calls: [{ id: 'a', function: { name: 'look', arguments: '{}' } }] };
    expect(answer(called, '').at(-1)).toMatchObject({ type: 'finish', reason: 'tool_calls' });
    expect(answer({ content: 'a' }, '').at(-1)).toMatchObject({ type: 'finish', reason: 'stop' });
  });

  it('keeps a legacy function call', () => {
    const events = answer({ content: null, function_call: { name: 'f', arguments: '{}' } }, 'function_call');
    expect(events[0]).toMatchObject({ extras: { message: { function_call: { name: 'f' } } } });
    expect(events[1]).toMatchObject({ reason: 'function_call' });
  });
});
