import { calling, output, reasoned, USER } from '../../../support/chat-turns.js';
import { describe, expect, it } from '@jest/globals';
import { RefusedSignatures } from '../../../../src/providers/text/refused-signatures.js';
import { bodyOf, converted, inputOf } from './request-fixture.js';

const HI = { type: 'message', role: 'user', content: [{ type: 'input_text', text: 'Hi' }] };
const call = (id: string): object => ({
  type: 'function_call',
  call_id: id,
  name: 'look',
  arguments: '{"at":1}',
});

describe('the input on the Responses wire', () => {
  it('has a message for each message, and an item for each call and each output', () => {
    expect(
      inputOf(
        { role: 'system', content: 'Be brief.' },
        { role: 'developer', content: 'Be kind.' },
        USER,
        { ...calling('a', 'b'), content: 'I look.' },
        output('b', 'two'),
        output('a', 'one'),
        { role: 'assistant', content: 'Sun.' },
      ),
    ).toEqual([
      { type: 'message', role: 'system', content: [{ type: 'input_text', text: 'Be brief.' }] },
      { type: 'message', role: 'system', content: [{ type: 'input_text', text: 'Be kind.' }] },
      HI,
      { type: 'message', role: 'assistant', content: 'I look.' },
      call('a'),
      call('b'),
      { type: 'function_call_output', call_id: 'b', output: 'two' },
      { type: 'function_call_output', call_id: 'a', output: 'one' },
      { type: 'message', role: 'assistant', content: 'Sun.' },
    ]);
  });

  it('says developer to services that know the role', () => {
    const messages = [{ role: 'developer', content: 'Be kind.' }];
    const { input } = bodyOf({ messages }, { profile: { developerRole: true } });
    expect(input).toMatchObject([{ role: 'developer' }]);
  });

  it('has images, files and sounds as parts, also in the output of a tool', () => {
    const url = 'data:image/png;base64,AAAA';
    const image = { type: 'image_url', image_url: { url, detail: 'low' } };
    const content = [
      { type: 'text', text: 'See' },
      image,
      { type: 'file', file: { filename: 'a.pdf', file_data: 'data:application/pdf;base64,AAAA' } },
      { type: 'input_audio', input_audio: { data: 'AAAA', format: 'wav' } },
    ];
    const shown = { type: 'input_image', image_url: url, detail: 'low' };
    expect(inputOf({ role: 'user', content }, calling('a'), output('a', [image]))).toEqual([
      {
        type: 'message',
        role: 'user',
        content: [
          { type: 'input_text', text: 'See' },
          shown,
          { type: 'input_file', filename: 'a.pdf', file_data: 'data:application/pdf;base64,AAAA' },
          { type: 'input_audio', input_audio: { data: 'AAAA', format: 'wav' } },
        ],
      },
      call('a'),
      { type: 'function_call_output', call_id: 'a', output: [shown] },
    ]);
  });

  it('has custom calls with their outputs, and refusals', () => {
    const custom = { id: 'c', type: 'custom', custom: { name: 'patch', input: '*** Begin' } };
    expect(
      inputOf({ role: 'assistant', content: null, tool_calls: [custom] }, output('c', 'Done'), {
        role: 'assistant',
        content: [
          { type: 'text', text: 'So' },
          { type: 'refusal', refusal: 'No' },
        ],
      }),
    ).toEqual([
      { type: 'custom_tool_call', call_id: 'c', name: 'patch', input: '*** Begin' },
      { type: 'custom_tool_call_output', call_id: 'c', output: 'Done' },
      {
        type: 'message',
        role: 'assistant',
        content: [
          { type: 'output_text', text: 'So', annotations: [] },
          { type: 'refusal', refusal: 'No' },
        ],
      },
    ]);
  });

  it('gives calls of the older form an id, and none empty arguments', () => {
    const older = { role: 'assistant', content: null, function_call: { name: 'look', arguments: '' } };
    const answer = { role: 'function', name: 'look', content: 'seen' };
    expect(inputOf(older, answer, older, answer)).toEqual([
      { type: 'function_call', call_id: 'call_function_1', name: 'look', arguments: '{}' },
      { type: 'function_call_output', call_id: 'call_function_1', output: 'seen' },
      { type: 'function_call', call_id: 'call_function_2', name: 'look', arguments: '{}' },
      { type: 'function_call_output', call_id: 'call_function_2', output: 'seen' },
    ]);
  });

  it('shortens ids alike on both sides where the service takes only short ones', () => {
    const long = 'x'.repeat(80);
    const { input } = bodyOf(
      { messages: [USER, calling(long, 'b'), output(long), output('b')] },
      { profile: { toolCallIds: 'short' } },
    );
    const ids = (input as readonly { call_id?: string }[]).map(({ call_id: id }) => id);
    expect(ids[1]).toMatch(/^call_[0-9a-f]{32}$/);
    expect(ids).toEqual([undefined, ids[1], 'b', ids[1], 'b']);
  });

  it('leaves out what is empty', () => {
    expect(inputOf({ role: 'system', content: [] }, USER, { role: 'assistant', content: '' })).toEqual([HI]);
  });
});

describe('encrypted reasoning', () => {
  const own = reasoned('I think.', 'cmp1.scripted.gAAA.BB==');
  const messages = [USER, { ...calling('a'), ...own }, output('a')];

  it('goes up in its place, with what was shown of it, and without an id', () => {
    const { body, signatures } = converted({ messages });
    expect(body['input']).toEqual([
      HI,
      {
        type: 'reasoning',
        summary: [{ type: 'summary_text', text: 'I think.' }],
        encrypted_content: 'gAAA.BB==',
      },
      call('a'),
      expect.objectContaining({ call_id: 'a' }),
    ]);
    expect(signatures).toEqual(['cmp1.scripted.gAAA.BB==']);
    expect(JSON.stringify(body)).not.toMatch(/"id"|item_reference|previous_response_id|"store":true/);
  });

  it('of another provider does not, nor what the upstream has refused, nor an empty one', () => {
    const refused = new RefusedSignatures();
    refused.add(['cmp1.scripted.bad']);
    for (const signature of ['cmp1.other.gAAA', 'cmp1.scripted.bad', 'cmp1.scripted.']) {
      const turn = { ...calling('a'), ...reasoned('Hm', signature) };
      const { body, signatures } = converted({ messages: [USER, turn, output('a')] }, { refused });
      expect(body['input']).toMatchObject([HI, call('a'), {}]);
      expect(signatures).toEqual([]);
    }
  });

  it('is sent as plain text only where the operator says so', () => {
    const turn = { ...calling('a'), reasoning_content: 'I think.' };
    const sent = (reasoningContent: 'given' | 'always'): unknown =>
      bodyOf({ messages: [USER, turn, output('a')] }, { profile: { reasoningContent } })['input'];
    expect(sent('given')).toMatchObject([HI, call('a'), {}]);
    expect(sent('always')).toMatchObject([
      HI,
      { type: 'reasoning', summary: [], content: [{ type: 'reasoning_text', text: 'I think.' }] },
      call('a'),
      {},
    ]);
  });
});

it('is byte for byte the same from turn to turn', () => {
  const first = [
    { role: 'system', content: 'Be brief.' },
    USER,
    { ...calling('a'), ...reasoned('Hm', 'cmp1.scripted.g') },
    output('a'),
  ];
  const text = (messages: readonly object[]): string =>
    JSON.stringify(bodyOf({ messages: messages as never })['input']).slice(0, -1);
  expect(text([...first, { role: 'assistant', content: 'Sun.' }, USER]).startsWith(text(first))).toBe(true);
});
