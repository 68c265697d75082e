import { describe, expect, it } from '@jest/globals';
import type { JsonObject } from '../../../src/base/json.js';
import { ChunkConverter } from '../../../src/providers/openai/convert-chunk.js';
import type { SpokenEvent } from '../../../src/text/text-event.js';
import { UpstreamFailure } from '../../../src/providers/upstream-failure.js';
import { chatChunk } from '../../support/chat-wire.js';

/** The events of these chunks, and those of the end if they finish. */
function convert(...chunks: readonly JsonObject[]): SpokenEvent[] {
  const converter = new ChunkConverter({});
  const events: SpokenEvent[] = [];
  for (const chunk of chunks) converter.convert(chunk, events);
  if (converter.complete) converter.finish(events);
  return events;
}

const start = { type: 'start', choice: 0 };

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

  const whole = (index: number | undefined, id: string, text: string, more: JsonObject = {}): JsonObject =>
    call({
      ...(index !== undefined && { index }),
      id,
      function: { name: 'look', arguments: text },
      ...more,
    });
  const callsOf = (events: readonly SpokenEvent[]): (readonly [string, string])[] => {
    const calls = new Map<number, [string, string]>();
    for (const event of events) {
      if (event.type === 'tool_call_start') calls.set(event.index, [event.id, '']);
      if (event.type === 'tool_call_delta') calls.get(event.index)![1] += event.arguments;
    }
    return [...calls.values()];
  };
  const made = expect.stringMatching(/^call_[0-9a-f]{32}$/) as unknown as string;

  it.each<[string, readonly JsonObject[], readonly (readonly [string, string])[]]>([
    [
      'one id and no index',
      [whole(undefined, 'x', '{"a":1}'), whole(undefined, 'x', '{"a":2}')],
      [
        ['x', '{"a":1}'],
        [made, '{"a":2}'],
      ],
    ],
    [
      'one index, the second in pieces',
      [
        whole(0, '', '{"a":"}"}'),
        whole(0, '', ''),
        call({ index: 0, function: { arguments: '{"a"' } }),
        call({ index: 0, function: { arguments: ':2}' } }),
      ],
      [
        [made, '{"a":"}"}'],
        [made, '{"a":2}'],
      ],
    ],
    [
      'everything, since it is said twice',
      [whole(0, 'x', '{"a":1}'), whole(0, 'x', '{"a":1}')],
      [['x', '{"a":1}']],
    ],
  ])('are told apart when whole calls share %s', (_name, deltas, calls) => {
    expect(callsOf(convert(...deltas))).toEqual(calls);
  });

  it.each([[''], [null], [' ']])('without arguments (%j) end with an empty object', (text) => {
    const events = convert(whole(0, 'a', text as string), chatChunk({}, 'tool_calls'));
    expect(callsOf(events)[0]?.[1].trim()).toBe('{}');
    expect(events.at(-1)).toMatchObject({ type: 'finish', reason: 'tool_calls' });
  });

  it('without arguments stay so when the answer is cut, and when their input is free text', () => {
    expect(callsOf(convert(whole(0, 'a', ''), chatChunk({}, 'length')))).toEqual([['a', '']]);
    const custom = call({ index: 0, id: 'a', type: 'custom', custom: { name: 'run', input: '' } });
    expect(callsOf(convert(custom, chatChunk({}, 'stop')))).toEqual([['a', '']]);
  });

  it('are left out when they say nothing at all', () => {
    const stub = call({ index: 0, id: '', function: { name: '', arguments: '' } });
    expect(convert(stub, chatChunk({ content: 'a' }, 'stop')).map(({ type }) => type)).toEqual([
      'start',
      'text',
      'finish',
    ]);
  });

  it('keep the fields beside id, name and arguments, each time that they change', () => {
    const signed = { extra_content: { google: { thought_signature: 'S' } }, cache: null };
    const first = { ...signed, index: 0, id: 'a', function: { name: 'look', arguments: '', secret: 's' } };
    const later = { index: 0, function: { arguments: '{}' }, thought_signature: 'T' };
    expect(convert(call(first), call(first), call(later))).toEqual([
      start,
      { ...begun(0, 'a'), fields: { extra_content: signed.extra_content, function: { secret: 's' } } },
      { ...piece(0, '{}'), fields: { thought_signature: 'T' } },
    ]);
  });

  it('get an id when the upstream gives none', () => {
    const events = convert(call({ index: 0, function: { name: 'look', arguments: {} } }));
    expect(events[1]).toMatchObject({ id: expect.stringMatching(/^call_[0-9a-f]{32}$/) });
    expect(events[2]).toEqual(piece(0, '{}'));
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
