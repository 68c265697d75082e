import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { isBlockEvent } from '../../src/messages/domain/message-event.js';
import { MessageReducer } from '../../src/messages/domain/message-reducer.js';
import { WholeContent } from '../../src/messages/domain/whole-content.js';
import type { TextEvent } from '../../src/text/text-event.js';
import { accumulated } from '../support/messages-client.js';

const HEAD = { id: 'msg_1', model: 'm', inputTokens: 7 };
const OPENED: TextEvent = { type: 'opened', provider: 'up', upstreamModel: 'm', attempts: 1 };
const text = (words: string): TextEvent => ({ type: 'text', choice: 0, text: words });
const think = (words: string): TextEvent => ({ type: 'reasoning', choice: 0, text: words });
const sign = (signature: string): TextEvent => ({ type: 'reasoning_signature', choice: 0, signature });
const call = (index: number): TextEvent => ({
  type: 'tool_call_start',
  choice: 0,
  index,
  id: `toolu_${index}`,
  name: `f${index}`,
  kind: 'function',
});
const argue = (index: number, piece: string): TextEvent => ({
  type: 'tool_call_delta',
  choice: 0,
  index,
  arguments: piece,
});
const finish: TextEvent = { type: 'finish', choice: 0, reason: 'stop' };

/** The content as a stream shows it, and as a whole answer does. */
function shown(
  events: readonly TextEvent[],
  omitsThinking = false,
): { streamed: () => unknown; whole: unknown; kinds: string[] } {
  const reducer = new MessageReducer(HEAD, { toolName: (name) => name, omitsThinking });
  const whole = new WholeContent();
  const blocks = [OPENED, ...events, finish].flatMap((event) => reducer.accept(event));
  for (const block of blocks.filter(isBlockEvent)) whole.add(block);
  const frames = blocks.map((block) => ({ event: block.type, data: block }));
  return {
    streamed: () => accumulated(frames).content,
    whole: whole.toJson(),
    kinds: blocks.map(({ type }) => type),
  };
}

describe('the blocks of a Message', () => {
  it('are put one after the other, however an upstream mixes its calls', () => {
    const events = [
      think('a'),
      text('b'),
      call(0),
      argue(0, '{"x"'),
      call(1),
      argue(1, '{'),
      argue(0, ':1}'),
      text('c'),
      argue(1, '}'),
    ];
    const { streamed, whole } = shown(events);
    expect(whole).toEqual([
      { type: 'thinking', thinking: 'a', signature: 'cmp1.up.' },
      { type: 'text', text: 'b' },
      { type: 'tool_use', id: 'toolu_0', name: 'f0', input: { x: 1 } },
      { type: 'tool_use', id: 'toolu_1', name: 'f1', input: {} },
      { type: 'text', text: 'c' },
    ]);
    expect(streamed()).toEqual(whole);
  });

  it('show a call as it comes, and the next one when it is whole', () => {
    const reducer = new MessageReducer(HEAD, { toolName: (name) => name, omitsThinking: false });
    reducer.accept(call(0));
    expect(reducer.accept(argue(0, '{}')).map(({ type }) => type)).toEqual(['content_block_delta']);
    expect(reducer.accept(call(1)).map(({ type }) => type)).toEqual([
      'content_block_stop',
      'content_block_start',
    ]);
  });

  it('end reasoning with its signature, and show that alone where the text is not wanted', () => {
    const { whole, kinds } = shown([think('a'), sign('cmp1.up.S'), think('b'), sign('cmp1.up.T')], true);
    expect(whole).toEqual([
      { type: 'thinking', thinking: '', signature: 'cmp1.up.S' },
      { type: 'thinking', thinking: '', signature: 'cmp1.up.T' },
    ]);
    expect(kinds).toEqual(
      [1, 2].flatMap(() => ['content_block_start', 'content_block_delta', 'content_block_stop']),
    );
  });

  it('keep arguments that are no object as text', () => {
    expect(shown([call(0), argue(0, '[1')]).whole).toMatchObject([{ input: { _unparsed: '[1' } }]);
  });

  it('lose nothing and break no rule of the stream, whatever comes in whatever order', () => {
    const index = fc.integer({ min: 0, max: 3 });
    const event = fc.oneof(
      fc.string().map(text),
      fc.string().map(think),
      fc.string({ minLength: 1 }).map(sign),
      index.map(call),
      fc.tuple(index, fc.constantFrom('{', '}', '"a":', '1', '')).map(([at, piece]) => argue(at, piece)),
    );
    fc.assert(
      fc.property(fc.array(event, { maxLength: 40 }), (events) => {
        const reducer = new MessageReducer(HEAD, { toolName: (name) => name, omitsThinking: false });
        const whole = new WholeContent();
        const blocks = [OPENED, ...events, finish].flatMap((one) => reducer.accept(one));
        for (const block of blocks.filter(isBlockEvent)) whole.add(block);
        const texts = (type: string, field: string): string =>
          whole
            .toJson()
            .map((block) => (block['type'] === type ? (block[field] as string) : ''))
            .join('');
        const saidBy = (kind: string): string =>
          events.map((one) => (one.type === kind && 'text' in one ? one.text : '')).join('');
        expect([texts('text', 'text'), texts('thinking', 'thinking')]).toEqual([
          saidBy('text'),
          saidBy('reasoning'),
        ]);
        const open = blocks.map(({ type }) =>
          type === 'content_block_start' ? 1 : type === 'content_block_stop' ? -1 : 0,
        );
        let depth = 0;
        for (const step of open) {
          depth += step;
          expect(depth === 0 || depth === 1).toBe(true);
        }
        expect(depth).toBe(0);
        expect(whole.toJson().filter(({ type }) => type === 'tool_use')).toHaveLength(
          events.filter(({ type }) => type === 'tool_call_start').length,
        );
      }),
    );
  });
});
