import { describe, expect, it } from '@jest/globals';
import type { JsonObject } from '../../../src/base/json.js';
import { ChunkConverter } from '../../../src/providers/openai/convert-chunk.js';
import type { SpokenEvent } from '../../../src/text/text-event.js';
import { chatChunk } from '../../support/chat-wire.js';

const start = { type: 'start', choice: 0 };

function convert(...chunks: readonly JsonObject[]): SpokenEvent[] {
  const converter = new ChunkConverter({});
  const events: SpokenEvent[] = [];
  for (const chunk of chunks) converter.convert(chunk, events);
  return events;
}

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

  it.each([[null], [{ name: '', arguments: '' }], [{ name: null }], [{}]])(
    'are dropped when they are an empty call of a function: %j',
    (stub) => {
      expect(convert(chatChunk({ content: 'a', function_call: stub }))).toEqual([
        start,
        { type: 'text', choice: 0, text: 'a' },
      ]);
    },
  );

  it('are dropped once they have too many names, and never take more than their own size', () => {
    const frames = Array.from({ length: 5_000 }, (_, i) =>
      chatChunk({}, null, { choices: [], [`f${i}`]: i }),
    );
    const [first] = convert(...frames, chatChunk({ content: 'a' }));
    const { answer: kept } = (first as { extras: { answer: JsonObject } }).extras;
    expect(Object.keys(kept)).toHaveLength(1_024);
    const long = chatChunk({}, null, { choices: [], long: 'x'.repeat(2 * 1024 * 1024) });
    expect(convert(long, chatChunk({ content: 'a' }))[0]).toEqual(start);
  });

  it('are kept whole with their delta, also an image of megabytes', () => {
    const images = [
      { type: 'image_url', image_url: { url: `data:image/png;base64,${'A'.repeat(3_000_000)}` } },
    ];
    expect(convert(chatChunk({ content: '', images }))[0]).toEqual({
      ...start,
      extras: { message: { images } },
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
