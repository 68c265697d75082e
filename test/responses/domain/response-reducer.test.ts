import { describe, expect, it } from '@jest/globals';
import type { ResponseEvent } from '../../../src/responses/domain/response-event.js';
import type { TextEvent } from '../../../src/text/text-event.js';
import { expectLegalEvents } from '../../support/response-event-checker.js';
import { expectValidEvent } from '../../support/response-event-schemas.js';
import {
  argue,
  call,
  CREATED,
  ENDED,
  finish,
  reason,
  refuse,
  run,
  say,
  sign,
  summarise,
  usage,
} from './reducer-fixture.js';

/** The events between the first and the terminal one, shortened to what is particular to each. */
function middle(upstream: readonly TextEvent[]): string[] {
  const { events } = run(upstream);
  expectLegalEvents(events);
  events.forEach(expectValidEvent);
  return events.slice(2, -1).map(inShort);
}

function inShort(event: ResponseEvent): string {
  const words: string[] = [event.type.replace(/^response\./, '')];
  if ('output_index' in event) words.push(String(event.output_index));
  if ('content_index' in event) words.push(String(event.content_index));
  if ('summary_index' in event) words.push(String(event.summary_index));
  if ('delta' in event) words.push(JSON.stringify(event.delta));
  if ('item' in event) words.push(event.item.type, 'status' in event.item ? event.item.status : 'whole');
  return words.join(' ');
}

describe('a message', () => {
  it('goes through its item and its part', () => {
    const opened: TextEvent = { type: 'opened', provider: 'p', upstreamModel: 'm', attempts: 1 };
    const upstream = [opened, { type: 'start', choice: 0 } as const, say(''), say('Hel'), say('lo'), usage];
    expect(middle([...upstream, finish('stop')])).toEqual([
      'output_item.added 0 message in_progress',
      'content_part.added 0 0',
      'output_text.delta 0 0 "Hel"',
      'output_text.delta 0 0 "lo"',
      'output_text.done 0 0',
      'content_part.done 0 0',
      'output_item.done 0 message completed',
    ]);
    expect(run(upstream).final).toMatchObject({
      id: 'resp_1',
      created_at: CREATED,
      completed_at: ENDED,
      status: 'completed',
      output: [{ id: 'msg_1', content: [{ text: 'Hello', annotations: [], logprobs: [] }] }],
      usage: {
        input_tokens: 9,
        input_tokens_details: { cached_tokens: 2, cache_write_tokens: 1 },
        output_tokens: 5,
        output_tokens_details: { reasoning_tokens: 3 },
        total_tokens: 14,
      },
    });
  });

  it('has a refusal as a part of its own', () => {
    expect(middle([say('Well'), refuse('I can'), refuse('not.')])).toEqual([
      'output_item.added 0 message in_progress',
      'content_part.added 0 0',
      'output_text.delta 0 0 "Well"',
      'output_text.done 0 0',
      'content_part.done 0 0',
      'content_part.added 0 1',
      'refusal.delta 0 1 "I can"',
      'refusal.delta 0 1 "not."',
      'refusal.done 0 1',
      'content_part.done 0 1',
      'output_item.done 0 message completed',
    ]);
  });

  it('shows annotations flat, also those that come before the text', () => {
    const cite = (url: string): TextEvent => ({
      type: 'annotation',
      choice: 0,
      annotation: {
        type: 'url_citation',
        url_citation: { start_index: 0, end_index: 2, url, title: 'A', extra: 1 },
      },
    });
    const upstream = [cite('https://a.example'), say('As'), cite('https://b.example')];
    expect(middle(upstream)).toContain('output_text.annotation.added 0 0');
    const flat = (url: string) => ({ type: 'url_citation', start_index: 0, end_index: 2, url, title: 'A' });
    expect(run(upstream).final.output).toMatchObject([
      { content: [{ annotations: [flat('https://a.example'), flat('https://b.example')] }] },
    ]);
  });

  it('gathers log probabilities', () => {
    const token = (text: string) => ({ token: text, logprob: -0.5, bytes: null, top_logprobs: [] });
    const upstream = ['a', 'b'].map((text): TextEvent => ({
      type: 'text',
      choice: 0,
      text,
      logprobs: { content: [token(text)] },
    }));
    middle(upstream);
    const shown = (text: string) => ({ ...token(text), bytes: [] });
    expect(run(upstream).final.output).toMatchObject([{ content: [{ logprobs: [shown('a'), shown('b')] }] }]);
    expect(run(upstream).events[4]).toMatchObject({ delta: 'a', logprobs: [shown('a')] });
  });

  it('ends where something else begins, and another one may follow', () => {
    expect(middle([say('a'), reason('b'), say('c')]).filter((line) => line.includes('item'))).toEqual([
      'output_item.added 0 message in_progress',
      'output_item.done 0 message completed',
      'output_item.added 1 reasoning in_progress',
      'output_item.done 1 reasoning completed',
      'output_item.added 2 message in_progress',
      'output_item.done 2 message completed',
    ]);
  });
});

describe('reasoning', () => {
  it('has raw text as content and a summary as summary', () => {
    expect(middle([reason('raw'), summarise('short')])).toEqual([
      'output_item.added 0 reasoning in_progress',
      'content_part.added 0 0',
      'reasoning_text.delta 0 0 "raw"',
      'reasoning_text.done 0 0',
      'content_part.done 0 0',
      'reasoning_summary_part.added 0 0',
      'reasoning_summary_text.delta 0 0 "short"',
      'reasoning_summary_text.done 0 0',
      'reasoning_summary_part.done 0 0',
      'output_item.done 0 reasoning completed',
    ]);
    expect(run([summarise('short')]).final.output).toEqual([
      {
        type: 'reasoning',
        id: 'rs_1',
        status: 'completed',
        summary: [{ type: 'summary_text', text: 'short' }],
      },
    ]);
  });

  it('ends with its signature, which may be all there is', () => {
    expect(run([reason('raw'), sign('S1'), sign('S2'), reason('more')]).final.output).toEqual([
      {
        type: 'reasoning',
        id: 'rs_1',
        status: 'completed',
        summary: [],
        content: [{ type: 'reasoning_text', text: 'raw' }],
        encrypted_content: 'S1',
      },
      { type: 'reasoning', id: 'rs_2', status: 'completed', summary: [], encrypted_content: 'S2' },
      {
        type: 'reasoning',
        id: 'rs_3',
        status: 'completed',
        summary: [],
        content: [{ type: 'reasoning_text', text: 'more' }],
      },
    ]);
  });
});

describe('tool calls', () => {
  it('stay open while others interleave', () => {
    const upstream = [call(0, 'weather'), argue(0, '{'), call(1, 'crm__find'), argue(1, '{}'), argue(0, '}')];
    expect(middle([say('Hm'), ...upstream, finish('tool_calls')]).slice(4)).toEqual([
      'content_part.done 0 0',
      'output_item.done 0 message completed',
      'output_item.added 1 function_call in_progress',
      'function_call_arguments.delta 1 "{"',
      'output_item.added 2 function_call in_progress',
      'function_call_arguments.delta 2 "{}"',
      'function_call_arguments.delta 1 "}"',
      'function_call_arguments.done 1',
      'output_item.done 1 function_call completed',
      'function_call_arguments.done 2',
      'output_item.done 2 function_call completed',
    ]);
    expect(run(upstream).final.output).toEqual([
      expect.objectContaining({ id: 'fc_1', call_id: 'call_0', name: 'weather', arguments: '{}' }),
      expect.objectContaining({ id: 'fc_2', call_id: 'call_1', name: 'find', namespace: 'crm' }),
    ]);
  });

  it('of a custom tool show its input when the JSON around it is complete', () => {
    const upstream = [call(0, 'apply_patch'), argue(0, '{"input":"a\\'), argue(0, 'nb"}')];
    expect(middle(upstream)).toEqual([
      'output_item.added 0 custom_tool_call in_progress',
      'custom_tool_call_input.delta 0 "a\\nb"',
      'custom_tool_call_input.done 0',
      'output_item.done 0 custom_tool_call completed',
    ]);
  });

  it.each([
    ['{"input":"cut', '{"input":"cut'],
    ['{"other":1}', '{"other":1}'],
    ['{"input":""}', ''],
    ['{"patch":"*** Begin Patch"}', '*** Begin Patch'],
    ['{"patch":"whole","dry_run":false}', 'whole'],
    ['{"patch":"a","path":"b"}', '{"patch":"a","path":"b"}'],
    ['{"other":"a","input":"b"}', 'b'],
    ['["a"]', '["a"]'],
    ['"a"', '"a"'],
    ['', ''],
  ])('of a custom tool with the arguments %j have the input %j', (wrapped, input) => {
    const upstream = [call(0, 'apply_patch'), argue(0, wrapped)];
    middle(upstream);
    expect(run(upstream).final.output).toMatchObject([{ id: 'ctc_1', name: 'apply_patch', input }]);
  });

  it('of an upstream that has custom tools stream their input as it is', () => {
    expect(middle([call(0, 'apply_patch', 'custom'), argue(0, '{"input":'), argue(0, '1}')])).toEqual([
      'output_item.added 0 custom_tool_call in_progress',
      'custom_tool_call_input.delta 0 "{\\"input\\":"',
      'custom_tool_call_input.delta 0 "1}"',
      'custom_tool_call_input.done 0',
      'output_item.done 0 custom_tool_call completed',
    ]);
  });

  it('that use an index again are calls of their own', () => {
    const upstream = [call(0, 'weather'), argue(0, '1'), call(0, 'weather'), argue(0, '2')];
    middle(upstream);
    expect(run(upstream).final.output).toMatchObject([{ arguments: '1' }, { arguments: '2' }]);
  });
});
