import { describe, expect, it } from '@jest/globals';
import type { TextEvent } from '../../../src/text/text-event.js';
import { concludeLog } from '../../../src/responses/domain/conclude-log.js';
import type { ResponseEvent } from '../../../src/responses/domain/response-event.js';
import { ResponseReducer } from '../../../src/responses/domain/response-reducer.js';
import type { ToolIdentity } from '../../../src/responses/domain/tool-identity.js';
import { expectLegalEvents } from '../../support/response-event-checker.js';
import { COMPACTION, SETTINGS } from './reducer-fixture.js';

const ERROR = { type: 'server_error', code: 'server_error', message: 'stopped', param: null };

const SEARCH = {
  type: 'web_search_call',
  id: 'ws_upstream',
  status: 'in_progress',
  action: { type: 'search' },
};

const SAID: readonly TextEvent[] = [
  { type: 'reasoning_summary', choice: 0, text: 'Let me' },
  { type: 'reasoning', choice: 0, text: 'think' },
  { type: 'reasoning_signature', choice: 0, signature: 'cmp1.one.S1' },
  { type: 'reasoning_signature', choice: 0, signature: 'cmp1.one.S2' },
  {
    type: 'text',
    choice: 0,
    text: 'One',
    logprobs: { content: [{ token: 'One', logprob: -1, bytes: [1] }] },
  },
  { type: 'annotation', choice: 0, annotation: { type: 'url_citation', url_citation: { url: 'https://a' } } },
  { type: 'refusal', choice: 0, text: 'No' },
  { type: 'message', choice: 0, phase: 'final_answer' },
  { type: 'text', choice: 0, text: 'Two' },
  { type: 'item_start', choice: 0, index: 0, item: SEARCH },
  { type: 'item_stage', choice: 0, index: 0, stage: 'response.web_search_call.searching' },
  { type: 'item_end', choice: 0, index: 0, item: { ...SEARCH, status: 'completed' } },
  { type: 'item_start', choice: 0, index: 1, item: SEARCH },
  { type: 'tool_call_start', choice: 0, index: 0, id: 'call_a', name: 'ns__f', kind: 'function' },
  { type: 'tool_call_start', choice: 0, index: 1, id: 'call_b', name: 'shell', kind: 'custom' },
  { type: 'tool_call_start', choice: 0, index: 2, id: 'call_c', name: 'other__f', kind: 'function' },
  { type: 'tool_call_start', choice: 0, index: 3, id: 'call_d', name: 'apply_patch', kind: 'function' },
  {
    type: 'tool_call_start',
    choice: 0,
    index: 4,
    id: 'call_e',
    name: 'computer_use_preview',
    kind: 'function',
  },
  { type: 'tool_call_start', choice: 0, index: 5, id: 'call_f', name: 'computer', kind: 'function' },
  { type: 'tool_call_delta', choice: 0, index: 1, arguments: 'ls' },
  { type: 'tool_call_delta', choice: 0, index: 3, arguments: '{"type":' },
  { type: 'tool_call_delta', choice: 0, index: 0, arguments: '{"a"' },
];

/** The log of a background stream after each thing that was said, and its object as it was accepted. */
function runningStream(): {
  object: ReturnType<ResponseReducer['snapshot']>;
  logs: readonly (readonly ResponseEvent[])[];
} {
  let made = 0;
  const reducer = new ResponseReducer({
    id: 'resp_0123456789abcdef0123456789abcdef',
    createdSeconds: 1_700_000_000,
    settings: { ...SETTINGS, background: true },
    newItemId: (prefix) => `${prefix}_${String((made += 1)).padStart(32, '0')}`,
    tools: new Map<string, ToolIdentity>([
      ['ns__f', { type: 'function', name: 'f', namespace: 'ns' }],
      ['other__f', { type: 'function', name: 'f', namespace: 'other' }],
      ['apply_patch', { type: 'apply_patch', name: 'apply_patch' }],
      ['computer', { type: 'computer', name: 'computer' }],
      ['computer_use_preview', { type: 'computer_use_preview', name: 'computer_use_preview' }],
    ]),
  });
  const object = reducer.snapshot();
  const written = [
    [],
    reducer.begin(),
    reducer.show(COMPACTION),
    ...SAID.map((event) => reducer.accept(event)),
  ];
  return { object, logs: written.map((_, index) => written.slice(0, index + 1).flat()) };
}

describe('the end of a stream whose run is gone', () => {
  const { object, logs } = runningStream();

  it.each(logs.map((log) => [log.length, log] as const))(
    'is legal and has no gap after %i events',
    (_length, logged) => {
      const { events, terminal } = concludeLog(object, logged, ERROR, 1_700_000_001);
      const whole = [...logged, ...events, terminal];
      expectLegalEvents(whole);
      expect(whole.map(({ sequence_number }) => sequence_number)).toEqual(whole.map((_, index) => index));
      expect(terminal).toMatchObject({
        type: 'response.failed',
        response: { id: object.id, status: 'failed', error: { code: 'server_error' } },
      });
    },
  );

  it('keeps what had been said, under the same ids', () => {
    const log = logs.at(-1) ?? [];
    const { terminal } = concludeLog(object, log, ERROR, 1_700_000_001);
    const added = log.flatMap((event) =>
      event.type === 'response.output_item.added' ? [event.item.id] : [],
    );
    expect(terminal.response.output.map(({ id }) => id)).toEqual(added);
    expect(terminal.response.output).toMatchObject([
      COMPACTION,
      {
        type: 'reasoning',
        summary: [{ text: 'Let me' }],
        content: [{ text: 'think' }],
        encrypted_content: 'cmp1.one.S1',
      },
      { type: 'reasoning', summary: [], encrypted_content: 'cmp1.one.S2' },
      { type: 'message', content: [{ text: 'One' }, { refusal: 'No' }] },
      { type: 'message', phase: 'final_answer', content: [{ text: 'Two' }] },
      { ...SEARCH, id: expect.stringMatching(/^ws_0/), status: 'completed' },
      { ...SEARCH, id: expect.stringMatching(/^ws_0/), status: 'incomplete' },
      { type: 'function_call', name: 'f', namespace: 'ns', arguments: '{"a"' },
      { type: 'custom_tool_call', name: 'shell', input: 'ls' },
      { type: 'function_call', name: 'f', namespace: 'other', arguments: '' },
      { type: 'apply_patch_call', call_id: 'call_d', status: 'incomplete' },
      { type: 'computer_call', call_id: 'call_e', action: { type: 'screenshot' } },
      { type: 'computer_call', call_id: 'call_f', actions: [] },
    ]);
  });
});
