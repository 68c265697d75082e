import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { JsonObject } from '../../../src/base/json.js';
import { readSpoken, type SpokenSignature, writeSpoken } from '../../../src/providers/google/signatures.js';
import { RefusedSignatures } from '../../../src/providers/text/refused-signatures.js';
import { UPSTREAM_FIELDS } from '../../../src/text/text-event.js';
import { settingsFor } from '../support.js';
import { bodyOf, signed } from './gemini-fixture.js';

const EXCUSED = 'skip_thought_signature_validator';

const user = (content: string): JsonObject => ({ role: 'user', content });
const call = (id: string, fields: JsonObject = {}): JsonObject => ({
  id,
  type: 'function',
  function: { name: 'f', arguments: '{}' },
  ...fields,
});
const owned = (provider: string, signature: string): JsonObject => ({
  [UPSTREAM_FIELDS]: { provider, fields: signed(signature) },
});
const step = (...calls: JsonObject[]): JsonObject[] => [
  { role: 'assistant', content: null, tool_calls: calls },
  ...calls.map(({ id = '' }) => ({ role: 'tool', tool_call_id: id, content: 'x' })),
];

/** The signatures of all calls of a conversation, as they go up. */
function callSignatures(messages: JsonObject[], options: Parameters<typeof bodyOf>[1] = {}): unknown[] {
  return bodyOf({ messages }, options)
    .contents.flatMap(({ parts }) => parts)
    .flatMap((part) => (part.functionCall ? [part.thoughtSignature] : []));
}

describe('a call of the current turn', () => {
  it('goes up with its own signature; the first of a step without one is excused, and its siblings are not', () => {
    const messages = [
      user('Go'),
      ...step(call('a', signed('A')), call('b')),
      ...step(call('c'), call('d'), call('e', signed('E'))),
    ];
    expect(callSignatures(messages)).toEqual(['A', undefined, EXCUSED, undefined, 'E']);
  });

  it('begins behind the last text of the user: older ones stay as they are', () => {
    const messages = [
      user('Go'),
      ...step(call('a')),
      ...step(call('b', signed('B'))),
      user('On'),
      ...step(call('c')),
    ];
    expect(callSignatures(messages)).toEqual([undefined, 'B', EXCUSED]);
  });

  it.each([
    ['gemini-3-pro-preview', EXCUSED],
    ['gemini-3.8-flash', EXCUSED],
    ['gemini-flash-latest', EXCUSED],
    ['tunedModels/gemini-3.5-flash-x', EXCUSED],
    ['gemini-2.5-pro', undefined],
    ['gemini-2.0-flash', undefined],
    ['my-model', undefined],
  ])('is excused for the models that demand it: %s', (model, signature) => {
    expect(callSignatures([user('Go'), ...step(call('a'))], { model })).toEqual([signature]);
  });

  it('has no signature of another provider, and those of its scope', () => {
    const messages = [
      user('Go'),
      ...step(call('a', owned('elsewhere', 'A')), call('b', owned('shared', 'B'))),
    ];
    expect(callSignatures(messages)).toEqual([EXCUSED, undefined]);
    const provider = { reasoningScope: 'shared' };
    expect(callSignatures(messages, { provider })).toEqual([EXCUSED, 'B']);
    expect(callSignatures([user('Go'), ...step(call('a', owned('scripted', 'A')))], { provider })).toEqual([
      'A',
    ]);
  });

  it('has the signature that came back beside it, where its own fields have none', () => {
    const beside = (position: number, signature: string): JsonObject => ({
      type: 'reasoning.encrypted',
      data: writeSpoken({ of: 'call', position, signature }, 'scripted'),
    });
    const [turn, ...outputs] = step(call('a'), call('b', signed('B')), call('c'));
    const details = [beside(0, 'A'), beside(1, 'other'), beside(2, 'C'), beside(3, 'D')];
    const messages = [user('Go'), { ...turn, reasoning_details: details }, ...outputs];
    expect(callSignatures(messages)).toEqual(['A', 'B', 'C']);
  });

  it('is excused where its own signature was refused', () => {
    const refused = new RefusedSignatures();
    refused.add(['A', 'C']);
    const messages = [
      user('Go'),
      ...step(call('a', signed('A')), call('b', signed('B')), call('c', signed('C'))),
    ];
    expect(callSignatures(messages, { refused })).toEqual([EXCUSED, 'B', undefined]);
  });
});

describe('a signature of what was said', () => {
  const provider = settingsFor('http://localhost');
  const text = (length: number): string => writeSpoken({ of: 'text', length, signature: 'S' }, 'scripted');
  const thought = writeSpoken({ of: 'thought', signature: 'H' }, 'scripted');
  const said = (content: string | null, details: JsonObject[], calls: JsonObject[] = []): unknown => {
    const message = {
      role: 'assistant',
      content,
      reasoning_details: details,
      ...(calls.length > 0 && { tool_calls: calls }),
    };
    return bodyOf({ messages: [user('Hi'), message] }, { model: 'm' }).contents[1]?.parts;
  };
  const encrypted = (data: string): JsonObject => ({ type: 'reasoning.encrypted', data });

  it('goes back to the part that it came with', () => {
    expect(said('The answer', [encrypted(text(10))])).toEqual([
      { text: 'The answer', thoughtSignature: 'S' },
    ]);
    expect(said('The answer', [encrypted(text(0))])).toEqual([
      { text: 'The answer' },
      { text: '', thoughtSignature: 'S' },
    ]);
    expect(said('The answer', [{ type: 'reasoning.text', text: 'Hm', signature: text(6) }])).toEqual([
      { text: 'The ' },
      { text: 'answer', thoughtSignature: 'S' },
    ]);
    expect(said('The answer', [encrypted(text(99))])).toEqual([
      { text: 'The answer', thoughtSignature: 'S' },
    ]);
    expect(said('Hm', [encrypted(text(0))], [call('a')])).toMatchObject([
      { text: 'Hm' },
      { text: '', thoughtSignature: 'S' },
      { functionCall: {} },
    ]);
    expect(said(null, [encrypted(text(0))], [call('a')])).toMatchObject([
      { text: '', thoughtSignature: 'S' },
      { functionCall: {} },
    ]);
  });

  it('goes back with the thoughts that it signs; thoughts without one stay here', () => {
    expect(said('Yes', [{ type: 'reasoning.text', text: 'Hm', signature: thought }])).toEqual([
      { text: 'Hm', thought: true, thoughtSignature: 'H' },
      { text: 'Yes' },
    ]);
    const message = { role: 'assistant', content: 'Yes', reasoning_content: 'Hm' };
    expect(bodyOf({ messages: [user('Hi'), message] }).contents[1]?.parts).toEqual([{ text: 'Yes' }]);
  });

  it('of anybody else stays here', () => {
    const foreign = writeSpoken({ of: 'text', length: 3, signature: 'S' }, 'elsewhere');
    for (const signature of [foreign, 'S', 'cmp1.scripted.', 'cmp1.scripted.text.S', 'cmp1.scripted.S'])
      expect(said('Yes', [{ type: 'reasoning.text', text: 'Hm', signature }])).toEqual([{ text: 'Yes' }]);
  });

  it('is read as it was written, whatever it is', () => {
    const spoken = fc.oneof(
      fc.record({
        of: fc.constant('thought' as const),
        signature: fc.string({ minLength: 1, unit: 'binary' }),
      }),
      fc.record({
        of: fc.constant('call' as const),
        position: fc.nat(1_023),
        signature: fc.string({ minLength: 1, unit: 'binary' }),
      }),
      fc.record({
        of: fc.constant('text' as const),
        length: fc.nat(99_999_999),
        signature: fc.string({ minLength: 1, unit: 'binary' }),
      }),
    );
    fc.assert(
      fc.property(spoken, (signature: SpokenSignature) => {
        expect(readSpoken(writeSpoken(signature, 'scripted'), provider)).toEqual(signature);
      }),
    );
  });
});
