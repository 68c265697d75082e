import { calling, output, reasoned, USER } from '../../support/chat-turns.js';
import { describe, expect, it } from '@jest/globals';
import type { JsonObject } from '../../../src/base/json.js';
import { RefusedSignatures } from '../../../src/providers/text/refused-signatures.js';
import { bodyOf, converted } from './request-fixture.js';

const ADAPTIVE = { type: 'adaptive', display: 'summarized' };
const high = { reasoning_effort: 'high' };
const thought = (letter: string): JsonObject => reasoned('Hm. ', `cmp1.scripted.${letter}`);
const look: JsonObject = { type: 'function', function: { name: 'look' } };

describe('the effort of reasoning', () => {
  it.each<[string, string | undefined, object]>([
    ['claude-opus-4-6', undefined, {}],
    ['claude-opus-4-6', 'high', { thinking: ADAPTIVE, output_config: { effort: 'high' } }],
    ['claude-opus-5-5', 'minimal', { thinking: ADAPTIVE, output_config: { effort: 'low' } }],
    ['some-other-name', 'max', { thinking: ADAPTIVE, output_config: { effort: 'max' } }],
    ['claude-opus-5-5', 'none', { thinking: { type: 'disabled' } }],
    ['claude-sonnet-4-5', 'low', { thinking: { type: 'enabled', budget_tokens: 2_048 } }],
    ['claude-sonnet-4-5-20250929', 'medium', { thinking: { type: 'enabled', budget_tokens: 7_500 } }],
    ['claude-haiku-4-5', 'none', { thinking: { type: 'disabled' } }],
    ['claude-opus-4-20250514', 'minimal', { thinking: { type: 'enabled', budget_tokens: 1_024 } }],
    ['claude-3-7-sonnet-latest', 'low', { thinking: { type: 'enabled', budget_tokens: 2_048 } }],
    ['anthropic/claude-opus-4.1', 'low', { thinking: { type: 'enabled', budget_tokens: 2_048 } }],
    ['claude-3-5-sonnet-latest', 'high', {}],
  ])('of %s, %s', (upstreamModel, effort, expected) => {
    const body = bodyOf(effort === undefined ? {} : { reasoning_effort: effort }, { upstreamModel });
    const { thinking, output_config } = body;
    expect({ ...(thinking && { thinking }), ...(output_config && { output_config }) }).toEqual(expected);
  });

  it('is told as the operator says of the model', () => {
    expect(bodyOf(high, { model: { thinking: 'budget' } })).toMatchObject({ thinking: { type: 'enabled' } });
    expect(bodyOf(high, { model: { thinking: 'none' } })).not.toHaveProperty('thinking');
    const asked = bodyOf(high, { upstreamModel: 'claude-3-opus', model: { thinking: 'adaptive' } });
    expect(asked).toMatchObject({ thinking: ADAPTIVE });
  });

  it.each([
    [1_365, undefined],
    [1_366, 1_024],
    [4_096, 3_072],
    [100_000, 24_576],
  ])('with %d tokens for all leaves %s for the budget', (outputCapTokens, budget) => {
    const body = bodyOf(high, { upstreamModel: 'claude-haiku-4-5', request: { outputCapTokens } });
    expect(body['thinking']).toEqual(budget && { type: 'enabled', budget_tokens: budget });
  });

  it.each<[string[], object]>([
    [['thinking=adaptive'], { thinking: { type: 'enabled', budget_tokens: 7_500 } }],
    [['thinking=adaptive', 'thinking=enabled'], {}],
    [['thinking.display'], { thinking: { type: 'adaptive' }, output_config: { effort: 'high' } }],
    [['output_config.effort=high'], { thinking: ADAPTIVE, output_config: { effort: 'medium' } }],
    [['low', 'medium', 'high'].map((effort) => `output_config.effort=${effort}`), { thinking: ADAPTIVE }],
  ])('is told without %j, which the model was found not to take', (omitFields, expected) => {
    const { thinking, output_config } = bodyOf(high, { omitFields });
    expect({ ...(thinking && { thinking }), ...(output_config && { output_config }) }).toEqual(expected);
  });

  it('is without what does not go with thinking', () => {
    const sampling = { temperature: 0.2, top_p: 0.9 };
    expect(bodyOf({ ...high, ...sampling })).not.toHaveProperty('temperature');
    expect(bodyOf({ ...high, ...sampling })).not.toHaveProperty('top_p');
    expect(bodyOf({ ...high, top_p: 0.97 })).toMatchObject({ top_p: 0.97 });
    const forced = bodyOf({ ...high, ...sampling, tools: [look], tool_choice: 'required' });
    expect(forced).toMatchObject({ output_config: { effort: 'high' }, ...sampling });
    expect(forced).not.toHaveProperty('thinking');
  });
});

describe('thinking of earlier turns', () => {
  const contentOf = (body: JsonObject, turn: number): unknown =>
    (body['messages'] as JsonObject[])[turn]?.['content'];

  it('goes back as it came, in front of what followed it', () => {
    const messages = [USER, { role: 'assistant', content: 'Yes', ...thought('tEq/+=') }, USER];
    const { body, signatures } = converted({ messages });
    expect(contentOf(body as unknown as JsonObject, 1)).toEqual([
      { type: 'thinking', thinking: 'Hm. ', signature: 'Eq/+=' },
      { type: 'text', text: 'Yes' },
    ]);
    expect(signatures).toEqual(['cmp1.scripted.tEq/+=']);
  });

  it.each<[string, JsonObject, unknown]>([
    ['redacted', thought('rEmw'), { type: 'redacted_thinking', data: 'Emw' }],
    ['not shown', reasoned('', 'cmp1.scripted.tEq'), { type: 'thinking', thinking: '', signature: 'Eq' }],
    ['of another scope', reasoned('Hm', 'cmp1.other.tEq'), undefined],
    ['of an unknown kind', thought('xEq'), undefined],
    ['not signed', { reasoning_content: 'Hm' }, undefined],
  ])('that is %s', (_name, reasoning, block) => {
    const body = bodyOf({ messages: [USER, { role: 'assistant', content: 'Yes', ...reasoning }, USER] });
    expect(contentOf(body, 1)).toEqual([...(block ? [block] : []), { type: 'text', text: 'Yes' }]);
  });

  it('whose signature was refused stays away', () => {
    const refused = new RefusedSignatures();
    refused.add(['cmp1.scripted.tEq']);
    const messages = [USER, { role: 'assistant', content: 'Yes', ...thought('tEq') }, USER];
    const { body, signatures } = converted({ messages }, { refused });
    expect(contentOf(body as unknown as JsonObject, 1)).toEqual([{ type: 'text', text: 'Yes' }]);
    expect(signatures).toEqual([]);
  });

  it.each<[string, boolean, readonly JsonObject[]]>([
    ['the user speaks last', true, [USER, { role: 'assistant', content: 'Yes' }, USER]],
    [
      'a loop of calls began with thinking',
      true,
      [USER, { ...calling('a'), ...thought('tEq') }, output('a')],
    ],
    [
      'a loop of calls began with thinking, and goes on without',
      true,
      [USER, { ...calling('a'), ...thought('rEq') }, output('a'), calling('b'), output('b')],
    ],
    ['a loop of calls began without thinking', false, [USER, calling('a'), output('a')]],
    [
      'another model began the loop',
      false,
      [USER, { ...calling('a'), ...reasoned('Hm', 'cmp1.other.tEq') }, output('a')],
    ],
    [
      'a loop began without thinking, and goes on with it',
      false,
      [USER, calling('a'), output('a'), { ...calling('b'), ...thought('tEq') }, output('b')],
    ],
    ['an answer is to be continued', false, [USER, { role: 'assistant', content: 'Well' }]],
    [
      'an earlier loop began without thinking',
      true,
      [USER, calling('a'), output('a'), { role: 'assistant', content: 'Yes' }, USER],
    ],
  ])('decides whether it may be on: %s', (_name, isOn, messages) => {
    for (const upstreamModel of ['claude-opus-5-5', 'claude-haiku-4-5'])
      expect('thinking' in bodyOf({ messages: [...messages], ...high }, { upstreamModel })).toBe(isOn);
  });
});
