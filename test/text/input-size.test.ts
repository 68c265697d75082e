import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { encode } from 'gpt-tokenizer/encoding/o200k_base';
import * as counting from '../../src/text/counting/input-size.js';
import type { InputSize } from '../../src/text/counting/input-size.js';
import type { JsonObject } from '../../src/base/json.js';
import { body, fullBody, tool, withMessages } from '../chat/chat-bodies.js';
import { chatPrompt } from '../support/chat-prompt.js';

const measureInput = (chat: JsonObject): InputSize => counting.measureInput(chatPrompt(chat));
const inputText = (chat: JsonObject): string[] => counting.inputText(chatPrompt(chat));
const writtenText = (chat: JsonObject): string[] => counting.writtenText(chatPrompt(chat));

describe('the size of an input', () => {
  it('counts images, audio and files by the piece and not by their bytes', () => {
    const { images, audios, files, textBytes } = measureInput(fullBody);
    expect({ images, audios, files }).toEqual({ images: 1, audios: 1, files: 1 });
    const long = { type: 'image_url', image_url: { url: `data:,${'A'.repeat(100_000)}` } };
    expect(measureInput(withMessages({ role: 'user', content: [long] })).textBytes).toBeLessThan(100);
    expect(textBytes).toBeGreaterThan(100);
  });

  it('counts UTF-8 bytes of text, names, calls, tools and formats', () => {
    const plain = measureInput(body()).textBytes;
    const more = (fields: object): number => measureInput({ ...body(), ...fields }).textBytes - plain;
    expect(more({ messages: [{ role: 'user', content: 'hi😀' }] })).toBe(4);
    expect(more({ messages: [{ role: 'user', content: 'hi', name: 'boss' }] })).toBe('boss'.length);
    expect(more({ tools: [tool] })).toBe(JSON.stringify([tool]).length);
    expect(more({ metadata: { a: 'not read by the model' } })).toBe(0);
  });

  it('has no words of the wire in what the client wrote', () => {
    const call = {
      id: 'call_12345678',
      type: 'function',
      function: { name: 'look_up_city', arguments: '{"city":"Paris in Texas"}' },
    };
    const messages = [
      { role: 'assistant', content: 'Let me see', tool_calls: [call] },
      { role: 'tool', tool_call_id: 'call_12345678', content: 'It is sunny' },
    ];
    expect(writtenText({ messages }).sort()).toEqual(
      [
        'Let me see',
        'call_12345678',
        'look_up_city',
        call.function.arguments,
        'It is sunny',
        'call_12345678',
      ].sort(),
    );
    expect(inputText({ messages })).toEqual(expect.arrayContaining(['function', 'arguments']));
  });

  it('is an upper bound of the tokens of any text', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'grapheme', maxLength: 60 }), { minLength: 1 }), (texts) => {
        const sent = withMessages(...texts.map((content) => ({ role: 'user', content })));
        const tokens = inputText(sent).reduce((sum, text) => sum + encode(text).length, 0);
        expect(measureInput(sent).textBytes).toBeGreaterThanOrEqual(tokens + 3 * texts.length + 3);
      }),
      { numRuns: 100 },
    );
  });

  it('of 10 MB is measured in milliseconds', () => {
    const sent = withMessages({ role: 'user', content: 'ä'.repeat(5_000_000) });
    const startedAt = performance.now();
    expect(measureInput(sent).textBytes).toBeGreaterThan(10_000_000);
    expect(performance.now() - startedAt).toBeLessThan(5_000);
  });
});
