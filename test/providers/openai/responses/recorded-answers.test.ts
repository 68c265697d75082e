import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  readingOf,
  ResponsesTextProvider,
} from '../../../../src/providers/openai/responses/responses-text-provider.js';
import { AnswerReader } from '../../../../src/providers/text/answer/answer-reader.js';
import type { UpstreamFailure } from '../../../../src/providers/upstream-failure.js';
import type { SpokenEvent } from '../../../../src/text/text-event.js';
import { expectedOf, recorded, recordedIn, replayed, statusOf } from '../../../support/recorded-answers.js';
import { type ScriptedUpstream, startScriptedUpstream } from '../../../support/scripted-upstream.js';
import { attemptFor, modelFor, outcomeOf, requestFor, settingsFor, targetFor } from '../../support.js';
import { joinedAnswer, type JoinedAnswer } from '../joined-answer.js';

const RECORDED = recordedIn('responses');
const MAX_FRAME_BYTES = 8 * 1024 * 1024;

let upstream: ScriptedUpstream;
let provider: ResponsesTextProvider;

beforeAll(async () => {
  upstream = await startScriptedUpstream();
  provider = new ResponsesTextProvider(settingsFor(upstream.url, { wires: ['responses'] }));
});
afterAll(async () => {
  await provider.destroy();
  await upstream.close();
});

async function ask(stream: boolean): Promise<{ events: SpokenEvent[]; failure?: unknown }> {
  const target = targetFor(settingsFor(upstream.url));
  const request = requestFor(modelFor([target]), { stream });
  return outcomeOf(provider.generate(attemptFor(target, { request })));
}

/** What a reader says of bytes that come in these pieces. */
function read(pieces: readonly Buffer[]): JoinedAnswer {
  const reader = new AnswerReader(readingOf(requestFor(modelFor([])), 'scripted', {}), MAX_FRAME_BYTES);
  const events: SpokenEvent[] = [];
  for (const chunks of [...pieces.map((piece) => [piece]), undefined]) {
    const step = reader.accept(chunks);
    events.push(...step.events);
    if (step.failure) return joinedAnswer({ events, failure: step.failure.reason });
    if (step.ended) break;
  }
  return joinedAnswer({ events });
}

const answers = RECORDED.filter((name) => statusOf(name) === 200);
const refusals = RECORDED.filter((name) => statusOf(name) !== 200);

describe('an answer on the Responses wire', () => {
  it.each(answers)('%s is read, whichever form was asked for', async (name) => {
    for (const stream of [true, false]) {
      upstream.next(replayed(name));
      const expected = expectedOf(name) as JoinedAnswer;
      const { error } = expected;
      // An answer that is not shown before its end is shown whole or not at all.
      expect(joinedAnswer(await ask(stream))).toEqual(stream || error === undefined ? expected : { error });
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

describe('a refusal on the Responses wire', () => {
  it.each(refusals)('%s is read', async (name) => {
    for (const stream of [true, false]) {
      upstream.next(replayed(name, { pieceBytes: 1 }));
      const outcome = await ask(stream);
      expect(joinedAnswer(outcome)).toEqual(expectedOf(name));
      expect((outcome.failure as UpstreamFailure).error.message).not.toContain('SECRET');
    }
  });
});
