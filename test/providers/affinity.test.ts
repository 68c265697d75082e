import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { JsonObject, JsonValue } from '../../src/base/json.js';
import { affinityOf } from '../../src/providers/affinity.js';
import { orderTargets } from '../../src/providers/order-targets.js';
import { chatPrompt } from '../support/chat-prompt.js';
import { settingsFor, targetFor } from './support.js';

const system = { role: 'system', content: 'Be brief.' };
const user = (content: JsonValue): JsonObject => ({ role: 'user', content });
const of = (messages: readonly JsonObject[], rest: JsonObject = {}, account = 'acme'): string =>
  affinityOf({ account, prompt: chatPrompt({ messages: [...messages], ...rest }) });
const tool = (name: string): JsonObject => ({
  type: 'function',
  function: { name, parameters: { type: 'object' } },
});

describe('the affinity of calls', () => {
  it('is the same for all turns of a conversation, and 64 hexadecimal digits', () => {
    const turn = fc.record({
      role: fc.constantFrom('assistant', 'user', 'system'),
      content: fc.string({ minLength: 1 }),
    });
    fc.assert(
      fc.property(fc.string(), fc.string(), fc.array(turn), (instructions, first, turns) => {
        const head = [{ role: 'system', content: instructions }, user(first)];
        expect(of([...head, ...turns])).toBe(of(head));
        expect(of(head)).toMatch(/^[0-9a-f]{64}$/);
      }),
    );
  });

  it.each<[string, string]>([
    ['account', of([system, user('Hi')], {}, 'other')],
    ['instructions', of([{ ...system, content: 'Be long.' }, user('Hi')])],
    ['first message', of([system, user('Hello')])],
    ['tools', of([system, user('Hi')], { tools: [tool('a')] })],
    ['cut between instructions and message', of([{ ...system, content: 'Be brief.4:text2:Hi' }])],
    ['image', of([system, user([{ type: 'image_url', image_url: { url: 'data:image/png;base64,AA==' } }])])],
    ['key', of([system, user('Hi')], { prompt_cache_key: 'k' })],
  ])('is another one for another %s', (_what, affinity) => {
    expect(affinity).not.toBe(of([system, user('Hi')]));
  });

  it('is that of the key alone where the client names one, in its account', () => {
    const keyed = of([user('a')], { prompt_cache_key: 'k' });
    expect(of([user('b')], { prompt_cache_key: 'k' })).toBe(keyed);
    expect(of([user('b')], { prompt_cache_key: 'k' }, 'other')).not.toBe(keyed);
    expect(of([user('b')], { prompt_cache_key: '' })).toBe(of([user('b')]));
  });

  it('reads a bounded part of each section, so that long instructions do not hide what follows', () => {
    const long = { role: 'system', content: 'x'.repeat(1_000_000) };
    expect(of([long, user('a')])).not.toBe(of([long, user('b')]));
    expect(of([{ ...long, content: `${'x'.repeat(999_999)}y` }, user('a')])).toBe(of([long, user('a')]));
    const many = Array.from({ length: 20_000 }, (_, index) => ({ type: 'text', text: `part ${index}` }));
    expect(of([user(many)])).toBe(of([user([...many, { type: 'text', text: 'one more' }])]));
  });

  it('spreads calls of one turn by their heads, by weight', () => {
    const targets = ['a', 'b', 'c'].map((id, index) =>
      targetFor(settingsFor(`http://${id}.test/v1`, { id }), { weight: index + 1 }),
    );
    const counts = new Map<string, number>();
    for (let call = 0; call < 3_000; call += 1) {
      const { provider } = orderTargets(targets, () => of([system, user(`Question ${call}`)]))[0]!;
      counts.set(provider.id, (counts.get(provider.id) ?? 0) + 1);
    }
    for (const [index, id] of ['a', 'b', 'c'].entries())
      expect(Math.abs((counts.get(id) ?? 0) / 3_000 - (index + 1) / 6)).toBeLessThan(0.037);
  });
});
