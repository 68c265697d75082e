import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { CLIENT_TOOLS } from '../../../src/responses/domain/client-tools.js';
import { synthesise } from '../../../src/responses/domain/replay.js';
import { envelopeJson, toObject } from '../../../src/responses/domain/response-json.js';
import { SEARCH_STAGES, type TextEvent } from '../../../src/text/text-event.js';
import { expectLegalEvents } from '../../support/response-event-checker.js';
import { EVENT_TYPES, expectValidEvent } from '../../support/response-event-schemas.js';
import {
  argue,
  call,
  CANCELLED,
  COMPACTION,
  COMPLETED,
  FAILED,
  finish,
  reason,
  refuse,
  run,
  say,
  summarise,
  usage,
} from './reducer-fixture.js';

const piece = fc.string({ maxLength: 6, unit: 'grapheme' });
const logprob = fc.record({
  token: piece,
  logprob: fc.double({ max: 0, noNaN: true, noDefaultInfinity: true }),
  bytes: fc.constantFrom(null, [104, 105]),
  top_logprobs: fc.constantFrom([], [{ token: 'hi', logprob: -1, bytes: null }]),
});
/** Of client-run tools: right, odd and cut off. */
const ARGUMENTS = [
  '{"commands":["ls","pwd"],"timeout_ms":5}',
  '{"command":"ls","env":{"A":1}}',
  '{"type":"delete_file","path":"a"}',
  '{"actions":[{"type":"wait"},7]}',
  '{"query":"x","commands":[""]}',
  '[',
];
const SEARCH = {
  type: 'web_search_call',
  id: 'ws_upstream',
  status: 'completed',
  action: { type: 'search' },
};
/** What a service may say of an item at its start and, against all sense, at its end. */
const hosted = fc.constantFrom(SEARCH, { ...SEARCH, status: 'in_progress' });
const CLIENT_NAMES = Object.keys(CLIENT_TOOLS).map((type) => `run_${type}`);
const step = fc.oneof(
  { weight: 3, arbitrary: piece.map((text) => () => say(text)) },
  fc
    .tuple(piece, fc.array(logprob, { maxLength: 2 }))
    .map(([text, content]) => (): TextEvent => ({ type: 'text', choice: 0, text, logprobs: { content } })),
  piece.map((text) => () => refuse(text)),
  piece.map((text) => () => reason(text)),
  piece.map((text) => () => summarise(text)),
  piece.map((url) => (): TextEvent => {
    const url_citation = { url, title: 'T', start_index: 0, end_index: 1 };
    return { type: 'annotation', choice: 0, annotation: { type: 'url_citation', url_citation } };
  }),
  fc
    .tuple(
      fc.constantFrom('weather', 'apply_patch', 'crm__find', 'crm__exec', ...CLIENT_NAMES),
      fc.constantFrom<'function' | 'custom'>('function', 'function', 'custom'),
    )
    .map(
      ([name, kind]) =>
        (calls: number) =>
          call(calls, name, kind),
    ),
  {
    weight: 3,
    arbitrary: fc
      .tuple(
        fc.nat(),
        fc.oneof(piece, fc.constantFrom('{"input":"', '"}', '{"input":"whole"}', ...ARGUMENTS)),
      )
      .map(
        ([which, text]) =>
          (calls: number) =>
            calls === 0 ? say(text) : argue(which % calls, text),
      ),
  },
  fc
    .constantFrom<'commentary' | undefined>('commentary', undefined)
    .map((phase) => (): TextEvent => ({ type: 'message', choice: 0, ...(phase && { phase }) })),
  fc
    .tuple(fc.constantFrom('item_start', 'item_end'), fc.nat({ max: 2 }), hosted)
    .map(([type, index, item]) => (): TextEvent => ({ type, choice: 0, index, item })),
  fc
    .tuple(fc.constantFrom(...SEARCH_STAGES), fc.nat({ max: 2 }))
    .map(([stage, index]) => (): TextEvent => ({ type: 'item_stage', choice: 0, index, stage })),
  { weight: 1, arbitrary: fc.constant(() => usage) },
  piece.map((text) => (): TextEvent => ({ type: 'text', choice: 1, text })),
);

/** What an upstream may say, cut off at any point: calls are begun before they go on, in any order of theirs. */
const upstream = fc
  .tuple(
    fc.array(step, { maxLength: 40 }),
    fc.option(fc.constantFrom<'stop' | 'length' | 'content_filter'>('stop', 'length', 'content_filter')),
  )
  .map(([steps, why]) => {
    let calls = 0;
    const events = steps.map((make) => {
      const event = make(calls);
      if (event.type === 'tool_call_start') calls += 1;
      return event;
    });
    return why ? [...events, finish(why)] : events;
  });
/** What a request may ask for beside the answer. */
const asked = fc.record({
  background: fc.boolean(),
  reasoning: fc.constantFrom(null, { effort: 'low', summary: null }, { effort: null, summary: 'auto' }),
});
const compactions = fc.constantFrom([], [COMPACTION]);
const ending = fc.constantFrom(COMPLETED, COMPLETED, FAILED, CANCELLED);

type Said = Extract<TextEvent, { text: string }>;

const said = (events: readonly TextEvent[], ...kinds: readonly Said['type'][]): string =>
  events
    .filter((event): event is Said => kinds.some((kind) => kind === event.type))
    .map(({ choice, text }) => (choice === 0 ? text : ''))
    .join('');

describe('any stream', () => {
  it('is legal, valid, and says all that the upstream said', () => {
    const seen = new Set<string>();
    fc.assert(
      fc.property(upstream, ending, asked, compactions, (input, end, settings, compacted) => {
        const { events, final } = run(input, end, settings, compacted);
        for (const event of events) seen.add(event.type);
        expect(expectLegalEvents(events)).toEqual(final);
        events.forEach(expectValidEvent);
        const parts = final.output.flatMap((item) => (item.type === 'message' ? item.content : []));
        const reasoning = final.output.flatMap((item) => (item.type === 'reasoning' ? [item] : []));
        expect(parts.map((part) => (part.type === 'output_text' ? part.text : '')).join('')).toBe(
          said(input, 'text'),
        );
        expect(parts.map((part) => (part.type === 'refusal' ? part.refusal : '')).join('')).toBe(
          said(input, 'refusal'),
        );
        const isSummarised = (settings.reasoning?.summary ?? null) !== null;
        expect(reasoning.flatMap(({ content = [] }) => content.map(({ text }) => text)).join('')).toBe(
          isSummarised ? '' : said(input, 'reasoning'),
        );
        expect(reasoning.flatMap(({ summary }) => summary.map(({ text }) => text)).join('')).toBe(
          said(input, 'reasoning_summary', ...(isSummarised ? (['reasoning'] as const) : [])),
        );
        expect(final.output.filter(({ type }) => type === 'compaction')).toEqual(compacted);
        const starts = input.filter(({ type }) => type === 'tool_call_start');
        expect(final.output.filter((item) => 'call_id' in item)).toHaveLength(starts.length);
      }),
      { numRuns: 400 },
    );
    // Whole commands of a shell, and searches from beginning to end, are too rare among what is made up.
    const stages = SEARCH_STAGES.map((stage): TextEvent => ({
      type: 'item_stage',
      choice: 0,
      index: 0,
      stage,
    }));
    const { events } = run([
      { type: 'item_start', choice: 0, index: 0, item: SEARCH },
      ...stages,
      { type: 'item_end', choice: 0, index: 0, item: SEARCH },
      call(0, 'run_shell'),
      argue(0, '{"commands":["ls","","pwd"]}'),
    ]);
    expectLegalEvents(events);
    for (const event of events) {
      expectValidEvent(event);
      seen.add(event.type);
    }
    // The properties have met every other event there is.
    expect([...seen].sort()).toEqual([...EVENT_TYPES].sort());
  });

  it('can be replayed from its Response, with the same end', () => {
    fc.assert(
      fc.property(upstream, ending, asked, compactions, (input, end, settings, compacted) => {
        const { final } = run(input, end, settings, compacted);
        const events = synthesise(final);
        expect(expectLegalEvents(events)).toEqual(final);
        events.forEach(expectValidEvent);
      }),
      { numRuns: 200 },
    );
  });

  it('can be replayed from a Response that was stored in parts', () => {
    const { final } = run([reason('r'), say('a'), call(0, 'weather')], COMPLETED, {
      conversation: { id: 'conv_1' },
      user: 'me',
    });
    const { output, ...envelope } = JSON.parse(JSON.stringify(final)) as typeof final;
    expect(JSON.parse(envelopeJson(final))).toEqual(envelope);
    const reordered = Object.fromEntries(Object.entries(envelope).reverse()) as typeof envelope;
    expect(JSON.stringify(toObject(reordered, output))).toBe(JSON.stringify(final));
  });
});
