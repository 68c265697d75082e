import { describe, expect, it } from '@jest/globals';
import type { JsonObject } from '../../../src/base/json.js';
import { splitForCompaction } from '../../../src/responses/domain/compacted.js';

const say = (role: string, content: string): JsonObject => ({ type: 'message', role, content });
const QUESTION = say('user', 'What now?');
const MORE = say('user', 'And then?');
const TALK = [say('user', 'Tell me.'), say('assistant', 'A story.')];
const CALL = { type: 'function_call', call_id: '1', name: 'f', arguments: '{}' };
const OUTPUT = { type: 'function_call_output', call_id: '1', output: 'x' };
const SEARCH = { type: 'tool_search_call', call_id: '2', arguments: {} };
const FOUND = { type: 'tool_search_output', call_id: '2', tools: [] };

const LASTING: readonly JsonObject[] = [
  say('developer', 'Be brief.'),
  say('system', 'Be kind.'),
  { type: 'configuration_update', model: 'm' },
  { type: 'additional_tools', role: 'developer', tools: [] },
];

describe('a context that is compacted', () => {
  it.each(LASTING)(
    'keeps the question that nobody has answered, whatever is set behind it: %j',
    (setting) => {
      for (const end of [
        [QUESTION, setting],
        [setting, QUESTION],
        [QUESTION, setting, setting],
      ])
        expect(splitForCompaction([...TALK, ...end])).toEqual({
          covered: TALK,
          lasting: end.filter((item) => item === setting),
          tail: [QUESTION],
        });
      expect(splitForCompaction([setting, ...TALK, QUESTION, setting, MORE])).toEqual({
        covered: [setting, ...TALK],
        lasting: [setting, setting],
        tail: [QUESTION, MORE],
      });
    },
  );

  it.each<[string, readonly JsonObject[], readonly JsonObject[]]>([
    ['a question that was answered', [...TALK, QUESTION, CALL, OUTPUT], []],
    ['what a search found, with its call', [...TALK, QUESTION, SEARCH, FOUND], [FOUND]],
  ])('covers %s', (_name, context, lasting) => {
    expect(splitForCompaction(context)).toEqual({ covered: context, lasting, tail: [] });
  });

  it.each<[readonly JsonObject[]]>([[[]], [[QUESTION]], [LASTING], [[...LASTING, QUESTION, ...LASTING]]])(
    'is none where nobody has answered yet: %j',
    (context) => {
      expect(splitForCompaction(context)).toBeUndefined();
    },
  );
});
