import { calling, output, reasoned, USER } from '../../support/chat-turns.js';
import { describe, expect, it } from '@jest/globals';
import type { JsonObject, JsonValue } from '../../../src/base/json.js';
import { isJsonObject } from '../../../src/base/json.js';
import { bodyOf } from './request-fixture.js';

const auto = { provider: { cacheBreakpoints: 'auto' } } as const;
const mark = { cache_control: { type: 'ephemeral' } };
const tool = (name: string, extra: JsonObject = {}): JsonObject => ({
  type: 'function',
  function: { name },
  ...extra,
});
const said = (text: string, extra: JsonObject = {}): JsonObject => ({ type: 'text', text, ...extra });

/** Where breakpoints stand, as paths, with their times. */
function marksIn(value: JsonValue | undefined, path = ''): readonly string[] {
  if (Array.isArray(value))
    return (value as readonly JsonValue[]).flatMap((item, index) => marksIn(item, `${path}.${index}`));
  if (!isJsonObject(value)) return [];
  const control = value['cache_control'];
  const own = isJsonObject(control)
    ? [`${path}${control['ttl'] === undefined ? '' : ` ${JSON.stringify(control['ttl'])}`}`]
    : [];
  return [...own, ...Object.entries(value).flatMap(([key, below]) => marksIn(below, `${path}.${key}`))];
}

const conversation = {
  tools: [tool('look'), tool('wait')],
  messages: [
    { role: 'system', content: [said('One'), said('Two')] },
    USER,
    { ...calling('a', 'b'), ...reasoned('Hm', 'cmp1.scripted.tEq') },
    output('a'),
    output('b'),
    { role: 'assistant', content: 'Yes' },
    USER,
  ],
};

describe('breakpoints of the prompt cache', () => {
  it('stand behind tools, system prompt and the last two turns of the user', () => {
    expect(marksIn(bodyOf(conversation, auto))).toEqual([
      '.system.1',
      '.tools.1',
      '.messages.2.content.1',
      '.messages.4.content.0',
    ]);
    expect(marksIn(bodyOf({}, auto))).toEqual(['.messages.0.content.0']);
    expect(marksIn(bodyOf({}, { provider: {} }))).toEqual([]);
  });

  it('are what two requests of one conversation differ in, and nothing else', () => {
    const without = (body: JsonObject): string =>
      JSON.stringify(body['messages']).replaceAll(`,${JSON.stringify(mark).slice(1, -1)}`, '');
    const [shorter, longer] = [4, 7].map((count) =>
      without(
        bodyOf({ ...conversation, messages: conversation.messages.slice(0, count === 4 ? 5 : count) }, auto),
      ),
    );
    expect(longer?.startsWith(shorter?.slice(0, -1) ?? '-')).toBe(true);
  });

  it('of the client stay alone, the last four of them', () => {
    const hour = { cache_control: { type: 'ephemeral', ttl: '1h' } };
    const chat = {
      tools: [tool('look', hour), tool('wait')],
      messages: [
        { role: 'system', content: [said('One', hour), said('Two')] },
        {
          role: 'user',
          content: [said('a', mark), { type: 'image_url', image_url: { url: 'https://a.b/c' }, ...mark }],
        },
        { role: 'assistant', content: 'Yes' },
        { role: 'user', content: [said('b'), said('c')], ...mark },
      ],
    };
    for (const circumstances of [auto, {}])
      expect(marksIn(bodyOf(chat, circumstances))).toEqual([
        '.system.0 "1h"',
        '.messages.0.content.0',
        '.messages.0.content.1',
        '.messages.2.content.1',
      ]);
  });

  it('may stand on results and inside of them', () => {
    const messages = [USER, calling('a', 'b'), { ...output('a'), ...mark }, output('b', [said('x', mark)])];
    expect(marksIn(bodyOf({ messages }))).toEqual([
      '.messages.2.content.0',
      '.messages.2.content.1.content.0',
    ]);
  });

  it('are left out where the service was found not to take them', () => {
    const messages = [{ role: 'user', content: [said('a', mark)] }];
    expect(marksIn(bodyOf({ messages }, { ...auto, omitFields: ['cache_control'] }))).toEqual([]);
    expect(marksIn(bodyOf(conversation, { ...auto, omitFields: ['cache_control'] }))).toEqual([]);
  });
});
