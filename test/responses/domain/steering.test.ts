import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { requiredInput } from '../../../src/responses/domain/required-input.js';
import type { ResponseEvent } from '../../../src/responses/domain/response-event.js';
import type { ResponseObject } from '../../../src/responses/domain/response.js';
import type { TextEvent } from '../../../src/text/text-event.js';
import { expectLegalEvents } from '../../support/response-event-checker.js';
import {
  argue,
  call,
  CANCELLED,
  COMPLETED,
  ENDED,
  FAILED,
  finish,
  newReducer,
  reason,
  refuse,
  run,
  say,
  sign,
} from './reducer-fixture.js';

const SEARCH = { type: 'web_search_call', status: 'completed' };
const search = (type: 'item_start' | 'item_end', index: number): TextEvent => ({
  type,
  choice: 0,
  index,
  item: SEARCH,
});
const message: TextEvent = { type: 'message', choice: 0 };

/** What the upstream says, and after how many of its events the response is steered. */
function steered(
  upstream: readonly TextEvent[],
  after: number,
  ending = COMPLETED,
): { events: readonly ResponseEvent[]; final: ResponseObject; read: number } {
  const reducer = newReducer();
  const events = [...reducer.begin()];
  let read = 0;
  for (const event of upstream) {
    if (read === after) reducer.steer(true);
    if (reducer.isSteered) break;
    events.push(...reducer.accept(event));
    read += 1;
  }
  if (read <= after) reducer.steer(true);
  const end = reducer.end(ending, ENDED);
  events.push(...end.events, end.terminal);
  return { events, final: end.terminal.response, read };
}

const STEERED = { status: 'incomplete', incomplete_details: { reason: 'steered' }, completed_at: null };

const piece = fc.string({ maxLength: 3 });
const step = fc.oneof(
  piece.map(say),
  piece.map(refuse),
  piece.map(reason),
  fc.constantFrom(sign('signed'), message),
  fc.nat(3).map((index) => call(index, 'weather')),
  fc.tuple(fc.nat(3), piece).map(([index, text]) => argue(index, text)),
  fc
    .tuple(fc.constantFrom('item_start' as const, 'item_end' as const), fc.nat(2))
    .map(([type, index]) => search(type, index)),
);

describe('a steered response', () => {
  it('is legal, and shows whole items from the beginning of what it would have shown', () => {
    let ended = 0;
    fc.assert(
      fc.property(fc.array(step, { maxLength: 20 }), fc.nat(20), (upstream, after) => {
        const { events, final } = steered(upstream, after);
        expect(expectLegalEvents(events)).toEqual(final);
        const { final: whole } = run(upstream);
        if (final.status === 'completed') return expect(final).toEqual(whole);
        ended += 1;
        expect(final).toMatchObject(STEERED);
        expect(final.output).toEqual(whole.output.slice(0, final.output.length));
        expect(requiredInput(final.output)).toEqual([]);
      }),
      { numRuns: 1_000 },
    );
    expect(ended).toBeGreaterThan(50);
  });

  it.each([
    ['before its first word', [say('Hi')], 0, 0],
    ['in its text', [say('a'), say('b'), message, say('c')], 1, 3],
    ['before a call', [say('a'), call(0, 'weather')], 1, 2],
    ['in its reasoning', [reason('a'), reason('b'), say('c')], 1, 3],
    ['in signed reasoning', [reason('a'), sign('s'), say('c')], 1, 2],
    ['in a search', [search('item_start', 0), search('item_end', 0), say('c')], 1, 2],
    ['between items', [reason('a'), sign('s'), say('c')], 2, 2],
  ] as const)('%s ends at the next border', (_, upstream, after, read) => {
    const { final, read: seen } = steered(upstream, after);
    expect(final).toMatchObject(STEERED);
    expect(seen).toBe(read);
  });

  it.each([
    ['has made a call', [call(0, 'weather'), argue(0, '{}'), say('a')], 1],
    ['has finished', [reason('a'), sign('s'), finish('stop'), say('b')], 3],
  ] as const)('is completed when its model %s', (_, upstream, after) => {
    expect(steered(upstream, after).final).toEqual(run(upstream).final);
  });

  it('is none when that is taken back before its border, and stays one after it', () => {
    const reducer = newReducer();
    reducer.steer(true);
    reducer.begin();
    reducer.accept(say('a'));
    reducer.steer(true);
    reducer.steer(false);
    reducer.accept(message);
    reducer.accept(say('b'));
    expect(reducer.isSteered).toBe(false);
    reducer.steer(true);
    reducer.accept(message);
    reducer.steer(false);
    expect(reducer.isSteered).toBe(true);
    expect(reducer.accept(say('c'))).toEqual([]);
    expect(reducer.end(COMPLETED, ENDED).terminal.response).toMatchObject(STEERED);
  });

  it.each([
    ['failed', FAILED],
    ['cancelled', CANCELLED],
  ])('that ends otherwise is %s', (status, ending) => {
    expect(steered([say('a')], 0, ending).final).toMatchObject({ status, incomplete_details: null });
  });
});

describe('what a client has to send', () => {
  it('is the output of each of its calls that is whole', () => {
    const names = ['weather', 'apply_patch', 'tool_search', 'local_shell', 'shell', 'computer'];
    const calls = names.map((name, index) =>
      call(index, index > 1 ? `run_${name}` : name, name === 'apply_patch' ? 'custom' : 'function'),
    );
    const whole = run([say('a'), search('item_start', 0), search('item_end', 0), ...calls]).final;
    expect(requiredInput(whole.output)).toEqual([
      { type: 'function_call_output', call_id: 'call_0', name: 'weather' },
      { type: 'custom_tool_call_output', call_id: 'call_1' },
      { type: 'tool_search_output', call_id: 'call_2', execution: 'client' },
      { type: 'local_shell_call_output', call_id: 'call_3' },
      { type: 'shell_call_output', call_id: 'call_4' },
      { type: 'computer_call_output', call_id: 'call_5' },
    ]);
    const cut = run([call(0, 'weather'), argue(0, '{'), finish('length')]).final;
    expect(requiredInput(cut.output)).toEqual([]);
  });
});
