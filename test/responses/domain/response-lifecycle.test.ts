import { describe, expect, it } from '@jest/globals';
import type { TextEvent } from '../../../src/text/text-event.js';
import { failInstead } from '../../../src/responses/domain/fail-instead.js';
import { expectLegalEvents } from '../../support/response-event-checker.js';
import {
  argue,
  call,
  CANCELLED,
  COMPLETED,
  ENDED,
  FAILED,
  finish,
  newReducer,
  reason,
  run,
  say,
  usage,
} from './reducer-fixture.js';

describe('the end', () => {
  it.each([
    ['completed', undefined, 'completed', null],
    ['completed', 'stop', 'completed', null],
    ['completed', 'tool_calls', 'completed', null],
    ['completed', 'function_call', 'completed', null],
    ['completed', 'length', 'incomplete', { reason: 'max_output_tokens' }],
    ['completed', 'content_filter', 'incomplete', { reason: 'content_filter' }],
    ['failed', 'length', 'failed', null],
    ['failed', undefined, 'failed', null],
    ['cancelled', 'stop', 'cancelled', null],
    ['cancelled', undefined, 'cancelled', null],
  ] as const)('%s after the finish reason %s is %s', (ended, why, status, incomplete_details) => {
    const ending = { completed: COMPLETED, failed: FAILED, cancelled: CANCELLED }[ended];
    const upstream = [say('a'), call(0, 'weather'), argue(0, '{'), ...(why ? [finish(why)] : [])];
    const { events, final } = run(upstream, ending);
    expectLegalEvents(events);
    const isComplete = status === 'completed';
    expect(final).toMatchObject({
      status,
      incomplete_details,
      completed_at: isComplete ? ENDED : null,
      error: status === 'failed' ? { code: 'server_error', message: 'It broke.' } : null,
      usage: null,
      // The message had ended when the call began.
      output: [{ status: 'completed' }, { status: isComplete ? 'completed' : 'incomplete', arguments: '{' }],
    });
    const type = status === 'cancelled' ? 'response.incomplete' : `response.${status}`;
    expect(events.at(-1)?.type).toBe(type);
  });

  it('in place of one that cannot be stored has the codes of a Response, too', () => {
    const raw = { type: 'upstream_error', code: 'upstream_error', message: 'It broke.', param: null };
    const told = { type: 'server_error', code: 'server_error' };
    const reducer = newReducer();
    reducer.begin();
    const ended = failInstead(reducer.end(COMPLETED, ENDED), raw);
    for (const { events, terminal } of [ended, reducer.endWithout(raw)]) {
      expect(events.at(-1)).toMatchObject({ type: 'error', code: told.code, error: told });
      expect(terminal.response.error).toEqual({ code: told.code, message: 'It broke.' });
    }
  });

  it('of a failed run has the error nested and flat', () => {
    expect(run([], FAILED).events.at(-2)).toEqual({
      type: 'error',
      sequence_number: 2,
      error: { type: 'server_error', code: 'server_error', message: 'It broke.', param: null },
      code: 'server_error',
      message: 'It broke.',
      param: null,
    });
  });

  it('comes once, and nothing is shown after it', () => {
    const reducer = newReducer();
    reducer.begin();
    const { terminal } = reducer.end(CANCELLED, ENDED);
    expect(reducer.accept(say('late'))).toEqual([]);
    expect(reducer.snapshot()).toEqual(terminal.response);
    expect(() => reducer.end(COMPLETED, ENDED)).toThrow('once');
  });

  it('of a run that never began is a whole stream', () => {
    const { events, terminal } = newReducer({ background: true }).end(FAILED, ENDED);
    expectLegalEvents([...events, terminal]);
  });
});

describe('a response', () => {
  it('of a background run is queued first', () => {
    const { events } = run([say('a')], COMPLETED, { background: true });
    expectLegalEvents(events);
    expect(
      events.slice(0, 3).map((event) => [event.type, 'response' in event && event.response.status]),
    ).toEqual([
      ['response.created', 'queued'],
      ['response.queued', 'queued'],
      ['response.in_progress', 'in_progress'],
    ]);
  });

  it('has the first choice only, and keeps that its usage is estimated', () => {
    const upstream = [{ ...say('b'), choice: 1 } as TextEvent, { ...usage, estimated: true } as TextEvent];
    const { final } = run(upstream);
    expect(final.output).toEqual([]);
    expect(final.usage?.estimated).toBe(true);
  });

  it('keeps what it has handed out', () => {
    const reducer = newReducer();
    const handedOut: { now: unknown; then: string }[] = [];
    const keep = (now: unknown) => handedOut.push({ now, then: JSON.stringify(now) });
    keep(reducer.begin());
    for (const event of [reason('r'), say('a'), say('b'), call(0, 'weather'), argue(0, '{}'), usage]) {
      keep(reducer.accept(event));
      keep(reducer.snapshot());
    }
    keep(reducer.end(COMPLETED, ENDED));
    for (const { now, then } of handedOut) expect(JSON.stringify(now)).toBe(then);
  });

  it('shows at any time what has been said', () => {
    const reducer = newReducer();
    reducer.begin();
    reducer.accept(say('so far'));
    reducer.accept(usage);
    expect(reducer.snapshot()).toMatchObject({
      status: 'in_progress',
      usage: null,
      output: [{ status: 'in_progress', content: [{ text: 'so far' }] }],
    });
  });

  it('says nothing before it begins, and begins once', () => {
    const reducer = newReducer();
    expect(() => reducer.accept(say('a'))).toThrow('begin');
    reducer.begin();
    expect(() => reducer.begin()).toThrow('once');
  });
});
