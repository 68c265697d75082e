import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { JsonObject } from '../../../src/base/json.js';
import { ChunkConverter } from '../../../src/providers/openai/convert-chunk.js';
import { readingOf } from '../../../src/providers/openai/reading.js';
import { AlikeFrames } from '../../../src/providers/text/answer/alike-frames.js';
import { StreamReader } from '../../../src/providers/text/answer/stream-reader.js';
import type { SpokenEvent } from '../../../src/text/text-event.js';
import { heldBytes } from '../../support/held-bytes.js';

/** Some of them are names and values of other fields. */
const WORDS = fc.oneof(
  fc.constantFrom(
    ',',
    ':',
    'content',
    'chat',
    'assistant',
    '"',
    '\\',
    'a"b',
    '","x":"',
    '\n',
    'é',
    '😀',
    '\u2063alike\u2063',
    '',
    'more than a dozen characters',
  ),
  fc.string({ unit: 'grapheme', maxLength: 6 }),
  fc.string({ unit: 'grapheme', minLength: 12, maxLength: 40 }),
);

const DELTA = fc.record(
  {
    role: fc.constantFrom('assistant', 'chat'),
    content: fc.option(WORDS, { nil: null }),
    reasoning_content: WORDS,
    reasoning: WORDS,
    refusal: fc.constant(null),
    more: WORDS,
  },
  { requiredKeys: [] },
);

const PADDING = fc.oneof(
  fc.constantFrom('aB3', 'content', 'x', '', '","x":"', '\u2063alike\u2063'),
  fc.constant(null),
);

const CHUNK = fc.record(
  {
    id: fc.constantFrom('chat', 'content'),
    model: WORDS,
    created: fc.constantFrom(1, 2),
    choices: fc.array(
      fc.record(
        {
          index: fc.constantFrom(0, 1),
          delta: DELTA,
          finish_reason: fc.constantFrom(null, null, null, 'stop'),
          logprobs: fc.constantFrom(null, { content: [] }),
        },
        { requiredKeys: ['delta'] },
      ),
      { maxLength: 2 },
    ),
    usage: fc.constantFrom(null, { prompt_tokens: 1, completion_tokens: 2 }),
    system_fingerprint: fc.constantFrom('fp'),
    obfuscation: PADDING,
  },
  { requiredKeys: ['choices'] },
);

/** As servers write it: compact, with blanks, or in ASCII alone; sometimes with its content said twice. */
const WRITING = fc.constantFrom(
  (chunk: object) =>
    JSON.stringify(chunk).replaceAll(
      /:"([,:])"(?=[,}])/g,
      (_, word: string) => `:"\\u00${word.charCodeAt(0).toString(16)}"`,
    ),
  (chunk: object) => JSON.stringify(chunk),
  (chunk: object) => JSON.stringify(chunk, null, 1).replaceAll('\n', ' '),
  (chunk: object) =>
    JSON.stringify(chunk).replace(/[^ -~]/gu, (character) =>
      [...Array(character.length).keys()]
        .map((at) => `\\u${character.charCodeAt(at).toString(16).padStart(4, '0')}`)
        .join(''),
    ),
  (chunk: object) =>
    JSON.stringify(chunk).replace('"delta":{"', '"delta":{"content":"chat","content":"chat","'),
);

/** Frames, of which many differ in their words alone. */
const STREAM = fc
  .array(
    fc.record({ chunk: CHUNK, write: WRITING, again: fc.array(fc.tuple(WORDS, PADDING), { maxLength: 5 }) }),
    {
      minLength: 1,
      maxLength: 6,
    },
  )
  .map((kinds) =>
    kinds.flatMap(({ chunk, write, again }) => [
      write(chunk),
      ...again.map(([words, padding]) => write(withWords(padded(chunk, padding), words))),
    ]),
  );

function padded(chunk: object, padding: string | null): object {
  return 'obfuscation' in chunk ? { ...chunk, obfuscation: padding } : chunk;
}

function withWords(chunk: object, words: string): object {
  const { choices, ...rest } = chunk as { choices: { delta: object }[] };
  const said = choices.map(({ delta, ...choice }) => ({
    ...choice,
    delta: 'reasoning' in delta ? { ...delta, reasoning: words } : { ...delta, content: words },
  }));
  // In the order of their names before, so that only the words differ.
  return Object.fromEntries(
    Object.keys(chunk).map((name) => [name, name === 'choices' ? said : rest[name as never]]),
  );
}

function parsed(frames: readonly string[]): readonly SpokenEvent[] {
  const converter = new ChunkConverter({});
  const events: SpokenEvent[] = [];
  for (const frame of frames) converter.convert(JSON.parse(frame) as JsonObject, events);
  return events;
}

function newReader(): StreamReader {
  const secrets: string[] = [];
  const asked = { prompt: undefined, toClientParam: undefined, contextWindow: undefined, secrets };
  return new StreamReader(readingOf(asked as never), 1_000_000);
}

function read(frames: readonly string[]): readonly SpokenEvent[] {
  const reader = newReader();
  return frames.flatMap((frame) => {
    const { events, failure } = reader.accept([Buffer.from(`data: ${frame}\n\n`)]);
    expect(failure).toBeUndefined();
    return events;
  });
}

describe('frames that are alike', () => {
  it('give the same events as if each were parsed', () => {
    fc.assert(
      fc.property(STREAM, (frames) => {
        expect(read(frames)).toEqual(parsed(frames));
      }),
      { numRuns: 2_000 },
    );
  });

  it('are not kept by the words that were in them', () => {
    const frameOf = (words: string): Buffer => {
      const chunk = { id: 'x'.repeat(100_000), choices: [{ index: 0, delta: { content: words } }] };
      return Buffer.from(`data: ${JSON.stringify(chunk)}\n\n`);
    };
    const reader = newReader();
    const words: string[] = [];
    const before = heldBytes();
    for (let index = 0; index < 200; index += 1)
      for (const event of reader.accept([frameOf(`the twenty letters ${index}`)]).events)
        if (event.type === 'text') words.push(event.text);
    expect(words).toHaveLength(200);
    expect(heldBytes() - before).toBeLessThan(4_000_000);
    expect(words.at(-1)).toBe('the twenty letters 199');
  });

  it('give an unknown field that waited for them once', () => {
    const frames = [
      '{"choices":[],"x_groq":{"id":"r"}}',
      ...['one', 'two', 'three'].map(
        (content) => `{"choices":[{"index":0,"delta":{"content":"${content}"}}],"system_fingerprint":"fp"}`,
      ),
    ];
    expect(read(frames)).toEqual(parsed(frames));
    expect(JSON.stringify(read(frames)).split('x_groq')).toHaveLength(2);
  });

  const padding = (content: string, pad: string): string =>
    `{"choices":[{"index":0,"delta":{"content":${content}},"finish_reason":null}],"system_fingerprint":"fp","obfuscation":"${pad}"}`;

  it.each([
    ['" two"', 'x', ' two'],
    [String.raw`"\\"`, 'abc123', '\\'],
    [String.raw`"\"}],\"obfuscation\":\"x"`, 'y', '"}],"obfuscation":"x'],
  ])('are read without being parsed, whatever pads them: %s', (content, pad, text) => {
    const alike = new AlikeFrames();
    const first = padding('"one"', 'fL0');
    const extras = { answer: { system_fingerprint: 'fp', obfuscation: 'fL0' } };
    alike.learn(first, JSON.parse(first) as JsonObject, [{ type: 'text', choice: 0, text: 'one', extras }]);
    const answer = { system_fingerprint: 'fp', obfuscation: pad };
    expect(alike.read(padding(content, pad))).toEqual({ type: 'text', choice: 0, text, extras: { answer } });
    expect(alike.read(padding('"two"', String.raw`\u0041`))).toBeUndefined();
  });

  const frame = (content: string): string =>
    `{"id":"a","choices":[{"index":0,"delta":{"content":${content}},"finish_reason":null}]}`;

  function taught(): AlikeFrames {
    const alike = new AlikeFrames();
    alike.learn(frame('"one"'), JSON.parse(frame('"one"')) as JsonObject, [
      { type: 'text', choice: 0, text: 'one' },
    ]);
    return alike;
  }

  it.each([
    ['" two"', ' two'],
    [String.raw`"a\n\"b\" \u00e9"`, 'a\n"b" é'],
  ])('are read without being parsed: %s', (content, text) => {
    expect(taught().read(frame(content))).toEqual({ type: 'text', choice: 0, text });
  });

  it.each(['"a","b":"c"', '"a\u0001"', String.raw`"\"`, String.raw`"\x"`, '""', 'null'])(
    'are parsed when the words are not one string: %s',
    (content) => {
      const alike = taught();
      expect(alike.read(frame(content))).toBeUndefined();
      expect(alike.read(frame('"two"'))).toBeUndefined();
    },
  );

  it('teach nothing where the words seem to stand between two strings', () => {
    const frames = [1, 2].map(
      () => String.raw`{"choices":[{"index":0,"delta":{"content":"\u002c","role":"assistant"}}]}`,
    );
    expect(read(frames)).toEqual(parsed(frames));
  });

  it('are not looked for any more in a stream that has none', () => {
    const alike = new AlikeFrames();
    const at = (time: number): string => `{"created":${time},"choices":[{"delta":{"content":"one"}}]}`;
    for (let time = 0; time < 10; time += 1) {
      expect(alike.read(at(time))).toBeUndefined();
      alike.learn(at(time), JSON.parse(at(time)) as JsonObject, [{ type: 'text', choice: 0, text: 'one' }]);
    }
    expect(alike.read(at(9))).toBeUndefined();
  });
});
