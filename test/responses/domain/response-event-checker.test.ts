import { describe, expect, it } from '@jest/globals';
import type { TextEvent } from '../../../src/text/text-event.js';
import { expectLegalEvents } from '../../support/response-event-checker.js';
import { argue, call, COMPLETED, FAILED, reason, refuse, run, say, summarise } from './reducer-fixture.js';

describe('the checker of streams', () => {
  const annotation: TextEvent = {
    type: 'annotation',
    choice: 0,
    annotation: { type: 'url_citation', url_citation: { url: 'u' } },
  };
  const spoken = [summarise('s'), reason('r'), say('a'), annotation, refuse('b')];
  const upstream = [...spoken, call(0, 'weather'), call(1, 'apply_patch'), argue(1, 'i'), argue(0, '{}')];

  it.each([
    ['completed', COMPLETED, false],
    ['failed', FAILED, true],
  ])('refuses a %s one with an event that is missing, comes twice or too early', (_, ending, background) => {
    const { events } = run(upstream, ending, { background });
    expectLegalEvents(events);
    const numbered = (list: readonly object[]) =>
      list.map((event, sequence_number) => ({ ...event, sequence_number }));
    events.forEach((event, place) => {
      const without = events.toSpliced(place, 1);
      expect(() => expectLegalEvents(numbered(without))).toThrow();
      expect(() => expectLegalEvents(numbered(events.toSpliced(place, 0, event)))).toThrow();
      // To the very beginning or end no event can move.
      if (place > 0) expect(() => expectLegalEvents(numbered([event, ...without]))).toThrow();
      if (place < events.length - 1) expect(() => expectLegalEvents(numbered([...without, event]))).toThrow();
    });
    expect(() => expectLegalEvents(events.slice(1))).toThrow('sequence numbers');
  });
});
