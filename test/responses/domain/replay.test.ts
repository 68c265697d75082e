import { describe, expect, it } from '@jest/globals';
import type { OutputItem } from '../../../src/responses/domain/item.js';
import { synthesise } from '../../../src/responses/domain/replay.js';
import { expectLegalEvents } from '../../support/response-event-checker.js';
import { CANCELLED, COMPLETED, FAILED, newReducer, run, say } from './reducer-fixture.js';

describe('a replayed response', () => {
  it('has one delta for each text, and ends with the very object', () => {
    const { final } = run([say('a'), say('b')]);
    const events = synthesise(final);
    expect(events.map(({ type }) => type)).toEqual([
      'response.created',
      'response.in_progress',
      'response.output_item.added',
      'response.content_part.added',
      'response.output_text.delta',
      'response.output_text.done',
      'response.content_part.done',
      'response.output_item.done',
      'response.completed',
    ]);
    expect(events[4]).toMatchObject({ delta: 'ab' });
    expect(events.at(-1)).toMatchObject({ response: final });
  });

  it('that failed has its error again, with the type that the code has', () => {
    const { final } = run([say('a')], FAILED);
    const live = run([say('a')], FAILED).events.at(-2);
    const events = synthesise(final);
    expect(events.at(-2)).toEqual({ ...live, sequence_number: events.length - 2 });
    const unknown = synthesise({ ...final, error: { code: 'toString', message: 'x' } });
    expect(unknown.at(-2)).toMatchObject({ error: { type: 'server_error', code: 'toString' } });
  });

  it('that was cancelled ends as incomplete', () => {
    const events = synthesise(run([say('a')], CANCELLED).final);
    expect(events.at(-1)).toMatchObject({ type: 'response.incomplete', response: { status: 'cancelled' } });
  });

  it('passes items of hosted tools on, and keeps fields that it does not know', () => {
    const hosted = { type: 'web_search_call', id: 'ws_1', status: 'completed', action: { query: 'x' } };
    const { final } = run([say('a')], COMPLETED);
    const message = { ...final.output[0]!, phase: 'final_answer' } as OutputItem;
    const object = { ...final, output: [hosted as unknown as OutputItem, message] };
    const events = synthesise(object);
    expect(expectLegalEvents(events)).toEqual(object);
    expect(events.slice(2, 4)).toEqual([
      { type: 'response.output_item.added', sequence_number: 2, output_index: 0, item: hosted },
      { type: 'response.output_item.done', sequence_number: 3, output_index: 0, item: hosted },
    ]);
  });

  it('has ended', () => {
    expect(() => synthesise(newReducer().snapshot())).toThrow('ended');
  });
});
