import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { isJsonObject, type JsonObject, type JsonValue } from '../../src/base/json.js';
import { assembleContext, referencedIds, resolveReferences } from '../../src/responses/domain/context.js';
import { withoutRepeatedOutputs } from '../../src/responses/domain/repeated-outputs.js';
import { storedInput } from '../../src/responses/domain/stored-input.js';

const say = (content: string): JsonObject => ({ type: 'message', role: 'user', content });
const call = (id: string, fields: JsonObject = {}): JsonObject => ({
  type: 'function_call',
  call_id: id,
  name: 'f',
  arguments: '{}',
  ...fields,
});
const output = (id: string, type = 'function_call_output'): JsonObject => ({
  type,
  call_id: id,
  output: 'x',
});

/** The same with its keys in another order. */
function backwards(value: JsonValue | undefined): JsonValue | undefined {
  if (Array.isArray(value)) return (value as readonly JsonValue[]).flatMap((inner) => backwards(inner) ?? []);
  if (!isJsonObject(value)) return value;
  const entries = Object.entries(value).map(([key, inner]) => [key, backwards(inner)] as const);
  return Object.fromEntries(entries.reverse());
}

describe('the context', () => {
  it.each<[string, JsonObject[], JsonObject[], JsonObject[]]>([
    ['the history, then the input', [say('a')], [say('b')], [say('a'), say('b')]],
    ['a call of the history with its new output', [call('1')], [output('1')], [call('1'), output('1')]],
    ['no call whose output is gone', [call('1'), say('a')], [say('b')], [say('a'), say('b')]],
    ['no output whose call is gone', [output('1'), say('a')], [], [say('a')]],
    [
      'no call that was cut off, and not its output',
      [call('1', { status: 'incomplete' }), output('1')],
      [],
      [],
    ],
    [
      'a message that was cut off',
      [{ ...say('a'), status: 'incomplete' }],
      [],
      [{ ...say('a'), status: 'incomplete' }],
    ],
    [
      'a call that is sent again instead of the stored one',
      [call('1', { id: 'fc_1' })],
      [call('1', { id: 'fc_2' }), output('1')],
      [call('1', { id: 'fc_2' }), output('1')],
    ],
    [
      'calls that have the same id in each turn',
      [call('0'), output('0'), call('0')],
      [output('0')],
      [call('0'), output('0'), call('0'), output('0')],
    ],
    ['an output before its call', [], [output('1'), call('1')], [output('1'), call('1')]],
    [
      'a shell call that was answered as a function',
      [],
      [call('1', { type: 'local_shell_call' }), output('1')],
      [call('1', { type: 'local_shell_call' }), output('1')],
    ],
    [
      'a search that ran upstream and has no output of its own',
      [{ type: 'web_search_call', id: 'ws' }],
      [],
      [{ type: 'web_search_call', id: 'ws' }],
    ],
  ])('has %s', (_name, history, input, expected) => {
    expect(assembleContext(history, input)).toEqual(expected);
  });

  it.each<[JsonObject[], JsonObject[], string]>([
    [[], [output('1')], 'No tool call found for function call output with call_id 1.'],
    [
      [call('1', { status: 'incomplete' })],
      [output('1')],
      'No tool call found for function call output with call_id 1.',
    ],
    [
      [],
      [output('1', 'custom_tool_call_output')],
      'No tool call found for custom tool call output with call_id 1.',
    ],
    [[call('1')], [output('1'), output('1')], 'No tool call found for function call output with call_id 1.'],
    [[], [call('1')], 'No tool output found for function call 1.'],
  ])('refuses half a call: %j, %j', (history, input, message) => {
    expect(() => assembleContext(history, input)).toThrow(
      expect.objectContaining({ code: 'invalid_value', param: 'input', message }),
    );
  });

  it('refuses a turn that leaves a call of the response before it without an answer', () => {
    const history = [say('a'), call('0'), call('1'), call('2')];
    expect(() => assembleContext(history, [output('1')], 2)).toThrow(
      expect.objectContaining({
        code: 'invalid_value',
        message: 'No tool output found for function call 2.',
      }),
    );
    expect(assembleContext(history, [output('1'), output('2')], 2)).toHaveLength(5);
    const again = [call('1', { id: 'fc_1' })];
    expect(assembleContext(again, [call('1', { id: 'fc_2' }), output('1')], 1)).toHaveLength(2);
  });

  it('keeps the order, and of a history as many calls as outputs', () => {
    const item = fc.oneof(
      fc.constant('a').map(say),
      fc.constantFrom('1', '2', '3').map((id) => call(id)),
      fc.constantFrom('1', '2', '3').map((id) => output(id)),
    );
    fc.assert(
      fc.property(fc.array(item), (history) => {
        const context = assembleContext(history, []);
        const places = context.map((kept) => history.indexOf(kept));
        expect(places).toEqual([...places].sort((a, b) => a - b));
        for (const id of ['1', '2', '3']) {
          const halves = context.filter((kept) => kept['call_id'] === id).map(({ type }) => type);
          const calls = halves.filter((type) => type === 'function_call').length;
          expect(halves.length).toBe(2 * calls);
        }
        expect(assembleContext(context, [])).toEqual(context);
      }),
    );
  });

  it('is put together in time for many calls of one id', () => {
    const many = Array.from({ length: 20_000 }, () => output('1'));
    const calls = Array.from({ length: 20_000 }, () => call('1'));
    expect(assembleContext([], [...many, ...calls])).toHaveLength(40_000);
  });
});

describe('outputs that come again', () => {
  const shell = (id: string, fields: JsonObject): JsonObject => ({
    type: 'local_shell_call_output',
    id,
    ...fields,
  });
  const other = (id: string): JsonObject => ({ ...output(id), output: 'y' });
  const [first, second] = [output('1'), other('1')];
  const found = (type: string): JsonObject => ({
    type: 'tool_search_output',
    call_id: '1',
    tools: [{ type }],
  });

  it.each<[string, JsonObject[], JsonObject[], JsonObject[]]>([
    [
      'are dropped when the history has them',
      [call('1'), first, call('2')],
      [first, output('2')],
      [output('2')],
    ],
    ['are dropped when the input has them', [], [call('1'), first, first], [call('1'), first]],
    [
      'are dropped though their ids and states differ',
      [call('1'), { ...first, id: 'a' }],
      [{ ...first, status: 'completed' }],
      [],
    ],
    [
      'are kept where each turn numbers its calls anew',
      [call('0'), output('0'), call('0')],
      [output('0')],
      [output('0')],
    ],
    [
      'are dropped for one turn, kept for the next',
      [call('0'), output('0'), call('0')],
      [output('0'), other('0')],
      [other('0')],
    ],
    ['are kept with the call that comes again', [call('1'), first], [call('1'), first], [call('1'), first]],
    ['are dropped of a search', [call('1'), found('a')], [found('a')], []],
    ['are kept of a call that nobody made', [], [first, first], [first, first]],
    [
      'are dropped of a local shell, whose calls they name by their own id',
      [call('1', { type: 'local_shell_call' }), shell('1', { output: 'x' })],
      [shell('1', { output: 'x' })],
      [],
    ],
  ])('%s', (_name, history, input, kept) => {
    expect(withoutRepeatedOutputs(history, input)).toEqual(kept);
  });

  it.each<[JsonObject[], JsonObject[], string]>([
    [[call('1'), first], [second], 'Duplicate function_call_output for call_id 1.'],
    [[], [call('1'), first, second], 'Duplicate function_call_output for call_id 1.'],
    [
      [call('1'), first],
      [{ ...second, type: 'custom_tool_call_output' }],
      'Duplicate custom_tool_call_output for call_id 1.',
    ],
    [[call('1'), found('a')], [found('b')], 'Duplicate tool_search_output for call_id 1.'],
    [
      [call('1'), { type: 'apply_patch_call_output', call_id: '1', status: 'failed' }],
      [{ type: 'apply_patch_call_output', call_id: '1', status: 'completed' }],
      'Duplicate apply_patch_call_output for call_id 1.',
    ],
  ])('but differ are refused: %j, %j', (history, input, message) => {
    expect(() => withoutRepeatedOutputs(history, input)).toThrow(
      expect.objectContaining({ code: 'invalid_value', param: 'input', message }),
    );
  });

  it.each<[string, JsonObject]>([
    ['an image', { output: [{ type: 'input_image', image_url: 'data:image/png;base64,AA==' }] }],
    ['text of a model', { output: [{ type: 'output_text', text: 'x' }] }],
    ['a file', { output: [{ type: 'input_file', file_id: 'file_1', filename: 'a' }] }],
    ['a patch', { type: 'apply_patch_call_output' }],
    ['a screen', { type: 'computer_call_output', output: { type: 'computer_screenshot', image_url: 'x' } }],
    [
      'a shell',
      { type: 'shell_call_output', output: [{ stdout: 'x', outcome: { type: 'exit', exit_code: 0 } }] },
    ],
  ])('are dropped however they are kept: %s', (_name, fields) => {
    const sent: JsonObject = { type: 'function_call_output', call_id: '1', ...fields };
    const stored: JsonObject = storedInput(sent, () => 'item_1');
    for (const kept of [stored, backwards(stored)])
      for (const again of [sent, backwards(sent), stored])
        expect(withoutRepeatedOutputs([call('1'), kept as JsonObject], [again as JsonObject])).toEqual([]);
  });

  it('leave a context in which every output has its call', () => {
    const turn = fc.constantFrom('0', '1', '2');
    fc.assert(
      fc.property(fc.array(turn, { maxLength: 6 }), turn, (turns, last) => {
        const numbered = (index: number): JsonObject => ({
          ...output(turns[index] ?? last),
          output: String(index),
        });
        const history = turns.flatMap((id, index) => [call(id), numbered(index)]);
        const all = [...turns, last].map((_, index) => numbered(index));
        const kept = withoutRepeatedOutputs([...history, call(last)], all);
        expect(kept).toEqual([numbered(turns.length)]);
        expect(assembleContext([...history, call(last)], kept, 1)).toHaveLength(history.length + 2);
      }),
    );
  });
});

describe('references', () => {
  const input = [say('a'), { type: 'item_reference', id: 'msg_1' }, { type: 'item_reference', id: 'msg_1' }];

  it('are named once and replaced everywhere', () => {
    expect(referencedIds(input)).toEqual(['msg_1']);
    const found = new Map([['msg_1', say('stored')]]);
    expect(resolveReferences(input, found)).toEqual([say('a'), say('stored'), say('stored')]);
  });

  it('are refused when there is no such item', () => {
    expect(() => resolveReferences(input, new Map())).toThrow(
      expect.objectContaining({ param: 'input', message: "Item with id 'msg_1' not found." }),
    );
  });
});
