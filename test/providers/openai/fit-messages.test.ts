import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { Profile, ToolCallIdRule } from '../../../src/catalog/profile.js';
import { GENERIC_PROFILE } from '../../../src/catalog/provider-profiles.js';
import type { JsonObject } from '../../../src/base/json.js';
import { fitMessages } from '../../../src/providers/openai/fit-messages.js';
import { wellFormedJson } from '../../../src/providers/well-formed.js';

function fit(messages: readonly JsonObject[], profile: Partial<Profile> = {}): readonly JsonObject[] {
  return fitMessages(messages, { ...GENERIC_PROFILE, ...profile });
}

const user = { role: 'user', content: 'Hi' };

function call(id: string, args = '{}'): JsonObject {
  return { id, type: 'function', function: { name: 'f', arguments: args } };
}

function calls(...ids: readonly string[]): JsonObject {
  return { role: 'assistant', content: null, tool_calls: ids.map((id) => call(id)) };
}

function output(id: string): JsonObject {
  return { role: 'tool', tool_call_id: id, content: 'sunny' };
}

/** Ids in the order in which they stand. */
function idsIn(messages: readonly JsonObject[]): readonly unknown[] {
  return messages.flatMap(({ tool_calls: made, tool_call_id: answered }): readonly unknown[] => {
    if (Array.isArray(made)) return (made as readonly JsonObject[]).map(({ id }) => id);
    return answered === undefined ? [] : [answered];
  });
}

describe('messages on their way up', () => {
  it('stay the same objects where they fit', () => {
    const messages = [user, calls('functions.f:0'), output('functions.f:0'), user];
    expect(fit(messages).every((message, index) => message === messages[index])).toBe(true);
  });

  it('say system for developer, except to services that know the word', () => {
    const developer = { role: 'developer', content: 'Be brief.' };
    expect(fit([developer])).toEqual([{ ...developer, role: 'system' }]);
    expect(fit([developer], { developerRole: true })).toEqual([developer]);
  });

  it.each(['', ' ', '\n'])('have arguments where a call has none but %j', (args) => {
    expect(fit([{ role: 'assistant', content: null, tool_calls: [call('a', args)] }])).toEqual([calls('a')]);
    expect(
      fit([{ role: 'assistant', content: null, function_call: { name: 'f', arguments: args } }]),
    ).toEqual([{ role: 'assistant', content: null, function_call: { name: 'f', arguments: '{}' } }]);
  });

  it('have no empty list of calls', () => {
    expect(fit([{ role: 'assistant', content: 'Hi', tool_calls: [] }])).toEqual([
      { role: 'assistant', content: 'Hi' },
    ]);
  });

  it('carry reasoning where it is wanted, and nowhere else', () => {
    const thought = { ...calls('a'), reasoning_content: 'hm' };
    expect(fit([calls('a'), thought])).toEqual([calls('a'), thought]);
    expect(fit([user, calls('a'), thought], { reasoningContent: 'always' })).toEqual([
      user,
      { ...calls('a'), reasoning_content: '' },
      thought,
    ]);
    const details = { ...thought, reasoning: 'hm', reasoning_details: [] };
    expect(fit([details], { reasoningContent: 'never' })).toEqual([calls('a')]);
  });

  it('let an assistant speak between a tool and a user where that is demanded', () => {
    const messages = [user, calls('a'), output('a'), user];
    expect(fit(messages, { assistantAfterTools: true })).toEqual([
      user,
      calls('a'),
      output('a'),
      { role: 'assistant', content: 'OK.' },
      user,
    ]);
  });

  it('have a content where an answer had no word, and are no turn where that is not enough', () => {
    const silent = { role: 'assistant', content: null };
    const refused = { ...silent, refusal: 'No.' };
    for (const content of [null, '', []]) {
      expect(fit([user, { ...silent, content }])).toEqual([user, { ...silent, content: '' }]);
      expect(fit([user, { ...silent, content }, user], { assistantAfterTools: true })).toEqual([user, user]);
    }
    const thought = { ...silent, reasoning_content: 'hm' };
    expect(fit([thought])).toEqual([{ ...thought, content: '' }]);
    expect(fit([thought], { reasoningContent: 'never' })).toEqual([{ ...silent, content: '' }]);
    for (const spoken of [refused, calls('a'), { ...silent, function_call: { name: 'f', arguments: '{}' } }])
      expect(fit([spoken], { assistantAfterTools: true })).toEqual([spoken]);
    expect(fit([calls('a'), output('a'), silent, user], { assistantAfterTools: true })).toEqual([
      calls('a'),
      output('a'),
      { role: 'assistant', content: 'OK.' },
      user,
    ]);
  });

  it('have images of tools behind all outputs where they cannot stand inside', () => {
    const image = { type: 'image_url', image_url: { url: 'data:image/png;base64,AA==' } };
    const text = { type: 'text', text: 'a map' };
    const seen = (id: string, ...content: readonly JsonObject[]): JsonObject => ({
      role: 'tool',
      tool_call_id: id,
      content,
    });
    const messages = [user, calls('a', 'b', 'c'), seen('a', image), seen('b', text, image), output('c')];
    expect(fit(messages)).toEqual(messages);
    expect(fit(messages, { toolImages: 'behind' })).toEqual([
      user,
      calls('a', 'b', 'c'),
      { role: 'tool', tool_call_id: 'a', content: 'The output follows in the next message.' },
      seen('b', text),
      output('c'),
      {
        role: 'user',
        content: [
          { type: 'text', text: 'Output of tool call a:' },
          image,
          { type: 'text', text: 'Output of tool call b:' },
          image,
        ],
      },
    ]);
  });
});

describe('ids of tool calls', () => {
  const RULES: readonly (readonly [ToolCallIdRule, RegExp])[] = [
    ['short', /^[^]{1,40}$/],
    ['plain', /^[A-Za-z0-9_-]+$/],
    ['nine', /^[A-Za-z0-9]{9}$/],
  ];
  const anyId = fc.oneof(
    fc.string({ minLength: 1, maxLength: 60 }),
    fc.constantFrom('call_Zq81LmXw02RtYb', 'functions.get_weather:0', 'abcDEF123', 'x'.repeat(41)),
  );

  it.each(RULES)(
    'that are to be %s fit, in pairs, without collision, the same on every turn',
    (rule, fits) => {
      fc.assert(
        fc.property(fc.uniqueArray(anyId, { minLength: 1, maxLength: 8 }), (ids) => {
          const turns = ids.flatMap((id) => [calls(id), output(id), user]);
          const fitted = idsIn(fit(turns, { toolCallIds: rule }));
          const made = fitted.filter((_, index) => index % 2 === 0);
          expect(fitted.every((id) => typeof id === 'string' && fits.test(id))).toBe(true);
          expect(fitted.filter((_, index) => index % 2 === 1)).toEqual(made);
          expect(new Set(made).size).toBe(ids.length);
          ids.forEach((id, index) => {
            if (fits.test(id)) expect(made[index]).toBe(id);
          });
          const longer = idsIn(
            fit([...turns, user, calls('one-more'), output('one-more')], { toolCallIds: rule }),
          );
          expect(longer.slice(0, fitted.length)).toEqual(fitted);
        }),
      );
    },
  );

  it('do not meet an id that was there already', () => {
    const [made] = idsIn(fit([calls('a.b')], { toolCallIds: 'nine' }));
    const met = typeof made === 'string' ? made : '';
    const ids = idsIn(fit([calls('a.b', met), output('a.b'), output(met)], { toolCallIds: 'nine' }));
    expect(new Set(ids).size).toBe(2);
    expect(ids.slice(2)).toEqual(ids.slice(0, 2));
    expect(ids[1]).toBe(met);
  });

  it('are told apart where a later call has the id of an earlier one', () => {
    const ids = idsIn(
      fit([calls('a'), output('a'), calls('a', 'a'), output('a'), output('a')], { toolCallIds: 'plain' }),
    );
    expect(ids.slice(0, 2)).toEqual(['a', 'a']);
    expect(new Set(ids).size).toBe(3);
    expect(ids.slice(4)).toEqual(ids.slice(2, 4));
  });

  it('stay as they are for the service that made them', () => {
    const messages = [calls('functions.f:0'), output('functions.f:0')];
    expect(idsIn(fit(messages))).toEqual(['functions.f:0', 'functions.f:0']);
  });
});

describe('text that goes up', () => {
  it('is well formed, names included, and otherwise the same', () => {
    fc.assert(
      fc.property(fc.json(), fc.string({ unit: 'binary' }), (json, text) => {
        const value: unknown = { [text]: [text, text.slice(1), json, '\\ud83d', '\\\\ud83d'] };
        const sent = wellFormedJson(JSON.stringify(value));
        expect(JSON.stringify(JSON.parse(sent))).toBe(sent.replaceAll('\\ufffd', '\ufffd'));
        expect(sent.replaceAll('\\\\', '')).not.toMatch(/\\ud[89a-f]/);
      }),
    );
  });

  it.each([
    ['"cut \\ud83d here"', '"cut \\ufffd here"'],
    ['"\\uDE00"', '"\\ufffd"'],
    ['"\\ud83d\\ude00"', '"\\ud83d\\ude00"'],
    ['"\\ud83d\\ud83d\\ude00"', '"\\ufffd\\ud83d\\ude00"'],
    ['"\\\\ud83d"', '"\\\\ud83d"'],
    ['{"\\udc00":1}', '{"\\ufffd":1}'],
  ])('%s becomes %s', (text, expected) => {
    expect(wellFormedJson(text)).toBe(expected);
  });

  it('is well formed inside of arguments too', () => {
    const cut = { role: 'assistant', content: null, tool_calls: [call('a', '{"a":"\\ud83d"}')] };
    expect(fit([cut])).toEqual([
      { role: 'assistant', content: null, tool_calls: [call('a', '{"a":"\\ufffd"}')] },
    ]);
  });
});
