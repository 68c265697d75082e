import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { JsonObject } from '../../src/base/json.js';
import type { AnswerReading } from '../../src/providers/text/answer/answer-converter.js';
import { AnswerReader } from '../../src/providers/text/answer/answer-reader.js';
import type { TextProvider } from '../../src/providers/text/text-provider.js';
import type { UpstreamFailure } from '../../src/providers/upstream-failure.js';
import { chatPrompt } from '../support/chat-prompt.js';
import { expectedOf, recorded, recordedIn, replayed, statusOf } from '../support/recorded-answers.js';
import { type ScriptedUpstream, startScriptedUpstream } from '../support/scripted-upstream.js';
import { joinedAnswer, type JoinedAnswer } from './joined-answer.js';
import { type Outcome, piecesOf, readPieces } from './read-pieces.js';
import { attemptFor, modelFor, outcomeOf, requestFor, settingsFor, targetFor } from './support.js';

const MAX_FRAME_BYTES = 8 * 1024 * 1024;
const WORDS = ['text', 'reasoning', 'refusal', 'tool_calls', 'items', 'annotations'] as const;

interface Wire {
  /** Of its recorded answers; empty for the chat wire. */
  readonly folder: string;
  readonly connect: (baseUrl: string) => TextProvider;
  readonly reading: AnswerReading;
  /** The chat body that the answers are to, and the one that the refusals are to. */
  readonly asked?: JsonObject;
  readonly refused?: JsonObject;
}

/** All that was recorded of a wire is read as it is said beside it, whatever its form and wherever it is cut. */
export function describeRecorded(name: string, { folder, connect, reading, asked, refused }: Wire): void {
  const names = recordedIn(folder);
  let upstream: ScriptedUpstream;
  let provider: TextProvider;

  beforeAll(async () => {
    upstream = await startScriptedUpstream();
    provider = connect(upstream.url);
  });
  afterAll(async () => {
    await provider.destroy();
    await upstream.close();
  });

  function ask(stream: boolean, chat: JsonObject = {}): Promise<Outcome> {
    const target = targetFor(settingsFor(upstream.url));
    const prompt = chatPrompt({ messages: [{ role: 'user', content: 'Hi' }], ...chat });
    const request = requestFor(modelFor([target]), { stream, prompt });
    return outcomeOf(provider.generate(attemptFor(target, { request })));
  }

  const read = (...pieces: readonly Buffer[]): JoinedAnswer =>
    joinedAnswer(readPieces(new AnswerReader(reading, MAX_FRAME_BYTES), pieces));

  describe(`an answer ${name}`, () => {
    const answers = names.filter((each) => statusOf(each) === 200);

    it.each(answers)('%s is read, whichever form was asked for', async (answer) => {
      const expected = expectedOf(answer) as JoinedAnswer;
      for (const stream of [true, false]) {
        upstream.next(replayed(answer));
        // Nothing is shown before the first word, and nothing before its end of an answer that is asked for whole.
        const isShown = expected.error === undefined || (stream && WORDS.some((word) => word in expected));
        expect(joinedAnswer(await ask(stream, asked))).toEqual(
          isShown ? expected : { error: expected.error },
        );
      }
    });

    it.each(answers)('%s is read alike wherever its bytes are cut', (answer) => {
      const bytes = recorded(answer);
      const whole = read(bytes);
      expect(whole).toEqual(expectedOf(answer));
      expect(read(...piecesOf(bytes, 1))).toEqual(whole);
      const cuts = [...bytes.keys()].filter((cut) => {
        const cutThere = read(bytes.subarray(0, cut), bytes.subarray(cut));
        return JSON.stringify(cutThere) !== JSON.stringify(whole);
      });
      expect(cuts).toEqual([]);
    });
  });

  describe(`a refusal ${name}`, () => {
    it.each(names.filter((each) => statusOf(each) !== 200))('%s is read', async (refusal) => {
      for (const stream of [true, false]) {
        upstream.next(replayed(refusal, { pieceBytes: 1 }));
        const outcome = await ask(stream, refused);
        expect(joinedAnswer(outcome)).toEqual(expectedOf(refusal));
        expect((outcome.failure as UpstreamFailure).error.message).not.toContain('SECRET');
      }
    });
  });
}
