import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { JsonObject } from '../../src/base/json.js';
import { assembleContext } from '../../src/responses/domain/context.js';
import { pairCalls } from '../../src/responses/domain/pair-calls.js';
import { truncateContext } from '../../src/responses/domain/truncate.js';

const message = (role: string, size = 1): JsonObject => ({
  type: 'message',
  role,
  content: 'x'.repeat(size),
});
const user = message('user');
const assistant = message('assistant');
const reasoning: JsonObject = { type: 'reasoning', summary: [] };
const declaration: JsonObject = { type: 'additional_tools', tools: [] };
const call = (id: string): JsonObject => ({ type: 'function_call', call_id: id, name: 'f', arguments: '' });
const output = (id: string): JsonObject => ({ type: 'function_call_output', call_id: id, output: '' });
/** What `items` become where there is room for so many. */
const cut = (items: readonly JsonObject[], room: number): readonly JsonObject[] =>
  truncateContext(items, (kept) => kept.length <= room);

describe('a context that is too long', () => {
  it('is let be when it fits', () => {
    const items = [user, assistant, user];
    expect(cut(items, 3)).toBe(items);
  });

  it.each<[string, JsonObject[], number, JsonObject[]]>([
    ['the oldest', [user, assistant, user, assistant, user], 2, [assistant, user]],
    ['a call with its output', [call('1'), output('1'), user], 2, [user]],
    [
      'one of several calls made at once',
      [user, call('1'), call('2'), output('1'), output('2')],
      3,
      [user, call('2'), output('2')],
    ],
    ['reasoning with its answer', [reasoning, reasoning, assistant, user], 3, [user]],
    ['reasoning with its call', [reasoning, call('1'), output('1'), user], 3, [user]],
    ['reasoning that led to nothing alone', [reasoning, user], 1, [user]],
    [
      'not the newest message of the user',
      [user, call('1'), output('1'), call('2'), output('2')],
      1,
      [user, call('2'), output('2')],
    ],
    ['not what was said last', [user, assistant], 0, [user, assistant]],
    [
      'not the instructions with which it begins',
      [message('developer'), declaration, message('system'), assistant, message('developer'), user],
      4,
      [message('developer'), declaration, message('system'), user],
    ],
    [
      'no instructions when it is made of them',
      [message('developer'), message('system')],
      0,
      [message('developer'), message('system')],
    ],
    ['not what it may call', [declaration, assistant, user], 2, [declaration, user]],
    ['all but what was said last', [assistant, message('developer')], 0, [message('developer')]],
  ])('loses %s', (_name, items, room, expected) => {
    expect(cut(items, room)).toEqual(expected);
  });

  const anyItem = fc.oneof(
    fc
      .tuple(fc.constantFrom('user', 'assistant', 'developer'), fc.nat(9))
      .map(([role, size]) => message(role, size)),
    fc.constantFrom('1', '2', '3').map(call),
    fc.constantFrom('1', '2', '3').map(output),
    fc.constantFrom(reasoning, declaration, { type: 'web_search_call' }),
  );
  /** Every item is one of its own, so that what is kept can be found. */
  const anyContext = fc.array(anyItem, { maxLength: 40 }).map((items) =>
    assembleContext(
      items.map((item, index) => ({ ...item, id: `item_${index}` })),
      [],
    ),
  );
  const sizeOf = (items: readonly JsonObject[]): number =>
    items.reduce((sum, { content }) => sum + 1 + (typeof content === 'string' ? content.length : 0), 0);

  it('keeps an end of it in order, and in whole pairs', () => {
    fc.assert(
      fc.property(anyContext, fc.nat(120), (items, room) => {
        const fits = (kept: readonly JsonObject[]): boolean => sizeOf(kept) <= room;
        const kept = truncateContext(items, fits);
        const places = kept.map((item) => items.indexOf(item));
        expect(places).toEqual([...places].sort((a, b) => a - b));

        const stays = new Set(places);
        for (const [made, answered] of pairCalls(items).outputOf)
          expect(stays.has(made)).toBe(stays.has(answered));
        items.forEach((item, index) => {
          const next = items[index + 1];
          if (item['type'] === 'reasoning' && next?.['role'] === 'assistant')
            expect(stays.has(index)).toBe(stays.has(index + 1));
        });
        const newest = items.findLastIndex(({ role }) => role === 'user');
        if (newest >= 0) expect(stays.has(newest)).toBe(true);
        expect(truncateContext(kept, fits)).toEqual(kept);
      }),
      { numRuns: 300 },
    );
  });

  it('fits, or has nothing left that could go', () => {
    fc.assert(
      fc.property(anyContext, fc.nat(120), (items, room) => {
        const fits = (kept: readonly JsonObject[]): boolean => sizeOf(kept) <= room;
        const kept = truncateContext(items, fits);
        const least = truncateContext(items, () => false);
        expect(fits(kept) || kept.length === least.length).toBe(true);
        // Whatever went is older than whatever could have gone and did not.
        const dropped = items.filter((item) => !kept.includes(item));
        const free = kept.filter((item) => !least.includes(item));
        const { outputOf, callOf } = pairCalls(items);
        const beginnings = (some: readonly JsonObject[]): number[] =>
          some
            .filter(({ type }) => type !== 'reasoning')
            .map((item) => items.indexOf(item))
            .map((index) => Math.min(index, outputOf.get(index) ?? index, callOf.get(index) ?? index));
        expect(Math.max(-1, ...beginnings(dropped))).toBeLessThanOrEqual(
          Math.min(Infinity, ...beginnings(free)),
        );
      }),
      { numRuns: 300 },
    );
  });

  it('is measured a few times only, however long it is', () => {
    const items = Array.from({ length: 50_000 }, () => user);
    let measured = 0;
    const kept = truncateContext(items, (some) => {
      measured += some.length;
      return some.length <= 100;
    });
    expect(kept).toHaveLength(100);
    expect(measured).toBeLessThan(50_000 + 2_000);
  });
});
