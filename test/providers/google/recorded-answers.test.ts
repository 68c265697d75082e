import { describe, expect, it } from '@jest/globals';
import { AnswerReader } from '../../../src/providers/text/answer/answer-reader.js';
import type { UpstreamFailure } from '../../../src/providers/upstream-failure.js';
import type { SpokenEvent } from '../../../src/text/text-event.js';
import { expectedOf, recorded, RECORDED_GEMINI, replayed, statusOf } from '../../support/recorded-answers.js';
import { GeminiFixture, readingFor } from './gemini-fixture.js';
import { joinedAnswer, type JoinedAnswer } from './joined-answer.js';

const MAX_FRAME_BYTES = 8 * 1024 * 1024;
const SEARCHING = { web_search_options: {} };

const gemini = new GeminiFixture();

/** What a reader says of bytes that come in these pieces. */
function read(pieces: readonly Buffer[]): JoinedAnswer {
  const reader = new AnswerReader(readingFor(SEARCHING), MAX_FRAME_BYTES);
  const events: SpokenEvent[] = [];
  for (const chunks of [...pieces.map((piece) => [piece]), undefined]) {
    const step = reader.accept(chunks);
    events.push(...step.events);
    if (step.failure) return joinedAnswer({ events, failure: step.failure.reason });
    if (step.ended) break;
  }
  return joinedAnswer({ events });
}

const answers = RECORDED_GEMINI.filter((name) => statusOf(name) === 200);
const refusals = RECORDED_GEMINI.filter((name) => statusOf(name) !== 200);

describe('an answer of the Gemini API', () => {
  it.each(answers)('%s is read, whichever form was asked for', async (name) => {
    for (const stream of [true, false]) {
      gemini.upstream.next(replayed(name));
      const expected = expectedOf(name) as JoinedAnswer;
      const { error } = expected;
      // An answer that is not shown before its end is shown whole or not at all.
      const joined = joinedAnswer(await gemini.ask(SEARCHING, { stream }));
      expect(joined).toEqual(
        error === undefined ? expected : stream && joined.text !== undefined ? expected : { error },
      );
    }
  });

  it.each(answers)('%s is read alike wherever its bytes are cut', (name) => {
    const bytes = recorded(name);
    const whole = read([bytes]);
    expect(whole).toEqual(expectedOf(name));
    expect(read([...bytes].map((byte) => Buffer.from([byte])))).toEqual(whole);
    const cuts = [...bytes.keys()].filter((cut) => {
      const cutThere = read([bytes.subarray(0, cut), bytes.subarray(cut)]);
      return JSON.stringify(cutThere) !== JSON.stringify(whole);
    });
    expect(cuts).toEqual([]);
  });
});

describe('a refusal of the Gemini API', () => {
  it.each(refusals)('%s is read', async (name) => {
    for (const stream of [true, false]) {
      gemini.upstream.next(replayed(name, { pieceBytes: 7 }));
      const outcome = await gemini.ask({ temperature: 2 }, { stream });
      expect(joinedAnswer(outcome)).toEqual(expectedOf(name));
      expect((outcome.failure as UpstreamFailure).error.message).not.toContain('SECRET');
    }
  });
});
