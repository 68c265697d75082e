import { describe, expect, it } from '@jest/globals';
import type { JsonObject } from '../../../src/base/json.js';
import { convertWhole } from '../../../src/providers/text/answer/convert-whole.js';
import { readingOf } from '../../../src/providers/openai/reading.js';
import { ChunkConverter } from '../../../src/providers/openai/convert-chunk.js';
import type { SpokenEvent } from '../../../src/text/text-event.js';
import { UpstreamFailure } from '../../../src/providers/upstream-failure.js';
import { chatPrompt } from '../../support/chat-prompt.js';
import { chatAnswer, chatChunk, chatUsage } from '../../support/chat-wire.js';

/** The events of these chunks, and those of the end if they finish. */
function convertFor(chat: JsonObject, ...chunks: readonly JsonObject[]): SpokenEvent[] {
  const converter = new ChunkConverter({ prompt: chatPrompt(chat) });
  const events: SpokenEvent[] = [];
  for (const chunk of chunks) converter.convert(chunk, events);
  if (converter.complete) converter.finish(events);
  return events;
}

const convert = (...chunks: readonly JsonObject[]): SpokenEvent[] => convertFor({}, ...chunks);

function answer(message: JsonObject, finishReason = 'stop', extra: JsonObject = {}): SpokenEvent[] {
  return convertWhole(Buffer.from(JSON.stringify(chatAnswer(message, finishReason, extra))), readingOf({}));
}

function textOf(events: readonly SpokenEvent[], choice = 0): string {
  return events.map((event) => (event.type === 'text' && event.choice === choice ? event.text : '')).join('');
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

  it('are part of the answer also behind a finish reason, and it finishes once, at its end', () => {
    const late = [
      chatChunk({ content: 'late', reasoning_content: 'why' }),
      chatChunk(
        { tool_calls: [{ index: 0, id: 'a', function: { name: 'look', arguments: '{}' } }] },
        'length',
      ),
      chatChunk({}, 'stop', { usage: chatUsage(1, 2) }),
    ];
    const events = convert(chatChunk({ role: 'assistant', content: '' }, 'stop'), ...late);
    expect(events.map((event) => event.type)).toEqual([
      'start',
      'reasoning',
      'text',
      'tool_call_start',
      'tool_call_delta',
      'usage',
      'finish',
    ]);
    expect(events.at(-1)).toEqual({ ...finish, reason: 'length' });
  });

  it('keep what comes with a finish reason for the finish', () => {
    const choices = [
      { index: 0, delta: {}, finish_reason: 'stop', stop_reason: 7, content_filter_results: {} },
    ];
    expect(convert(chatChunk({ content: 'a' }), chatChunk({}, null, { choices, x: 1 })).at(-1)).toEqual({
      ...finish,
      extras: { choice: { stop_reason: 7, content_filter_results: {} }, answer: { x: 1 } },
    });
  });

  it.each([
    'error',
    'network_error',
    'abort',
    'ABORT',
    'MALFORMED_FUNCTION_CALL',
    'function_call_filter: MALFORMED_FUNCTION_CALL',
    'insufficient_system_resource',
  ])('fail with the finish reason %s', (reason) => {
    expect(() => convert(chatChunk({ content: 'a' }, reason))).toThrow(UpstreamFailure);
  });

  it.each<[string, JsonObject, string]>([
    ['made of its own accord', { tool_choice: 'auto' }, 'tool_calls'],
    ['of any tool that was required', { tool_choice: 'required' }, 'tool_calls'],
    [
      'of the function that was named',
      { tool_choice: { type: 'function', function: { name: 'look' } } },
      'stop',
    ],
  ])('finish a call %s that ends with stop', (_name, chat, reason) => {
    const call = chatChunk({
      tool_calls: [{ index: 0, id: 'a', function: { name: 'look', arguments: '{}' } }],
    });
    expect(convertFor(chat, call, chatChunk({}, 'stop')).at(-1)).toEqual({ ...finish, reason });
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

  it('end each of several choices with its own reason, whatever the others did', () => {
    const called = { index: 0, id: 'a', function: { name: 'look', arguments: '{}' } };
    const events = convert(
      {
        choices: [
          { index: 0, delta: { role: 'assistant' } },
          { index: 1, delta: { content: 'a' } },
        ],
      },
      { choices: [{ index: 1, delta: { content: 'b' } }] },
      { choices: [{ index: 0, delta: { tool_calls: [called] } }] },
      {
        choices: [
          { index: 0, delta: {}, finish_reason: 'tool_calls' },
          { index: 1, delta: {}, finish_reason: 'stop' },
        ],
      },
    );
    expect(events.filter(({ type }) => type === 'finish')).toEqual([
      { type: 'finish', choice: 0, reason: 'tool_calls' },
      { type: 'finish', choice: 1, reason: 'stop' },
    ]);
    expect(textOf(events, 1)).toBe('ab');
    expect(events.filter(({ type }) => type === 'tool_call_start')).toMatchObject([{ choice: 0 }]);
  });

  it('are refused for a choice out of range', () => {
    expect(() => convert({ choices: [{ index: 128, delta: {} }] })).toThrow(UpstreamFailure);
    expect(() => convert({ choices: [{ index: -1, delta: {} }] })).toThrow(UpstreamFailure);
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
      { type: 'usage', usage: expect.objectContaining({ inputTokens: 10 }) as object, raw: chatUsage(10, 5) },
      finish,
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
    expect(events.at(-1)).toMatchObject({ reason: 'function_call' });
  });
});
