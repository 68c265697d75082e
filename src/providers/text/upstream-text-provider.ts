import type { ProviderSettings } from '../../catalog/model.js';
import type { SpokenEvent } from '../../text/text-event.js';
import { openedOnce } from '../../streaming/opened-once.js';
import { decodedAnswer } from '../http/decoded-answer.js';
import { malformed } from '../http/malformed.js';
import { MAX_ANSWER_BYTES, readErrorBody } from '../http/read-body.js';
import { refusalOf, type Refusal } from '../http/refusal.js';
import type { Answer } from '../http/converse.js';
import type { UpstreamClient } from '../http/upstream-client.js';
import type { UpstreamFailure } from '../upstream-failure.js';
import { wellFormedJson } from '../well-formed.js';
import type { AnswerReading } from './answer/answer-converter.js';
import { answerEvents, wholeEvents } from './answer/answer-events.js';
import { AnswerReader, readAnswer } from './answer/answer-reader.js';
import { endingWith } from './ending-with.js';
import { openedBy } from './opened-by.js';
import type { TextAttempt, TextProvider } from './text-provider.js';

/** One attempt as a dialect says it. */
export interface AskedText {
  /** Below the base URL, with a leading slash and encoded segments. */
  readonly path: string;
  /** Without a question mark. */
  readonly query?: string;
  /** Lower-case names, without those of the body's type and the wanted one. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: object;
  readonly reading: AnswerReading;
  readonly failureOf: (refusal: Refusal) => UpstreamFailure;
  /** Called when the upstream begins to answer. */
  readonly accepted?: () => void;
  /** Called when the answer has ended or was given up; perhaps more than once. */
  readonly ended?: () => void;
}

/** A provider that answers each call with one HTTP exchange. A dialect says what it asks, and how the answer is read. */
export abstract class UpstreamTextProvider implements TextProvider {
  /** @param maxFrameBytes limit of one frame of a stream */
  constructor(
    protected readonly settings: ProviderSettings,
    protected readonly client: UpstreamClient,
    private readonly maxFrameBytes: number = MAX_ANSWER_BYTES,
  ) {}

  /** @throws UpstreamFailure for what this wire cannot say; nothing is sent then. */
  protected abstract ask(attempt: TextAttempt): AskedText | Promise<AskedText>;

  generate(attempt: TextAttempt): AsyncIterable<readonly SpokenEvent[]> {
    return openedOnce(async () => {
      const rest = await this.answerTo(attempt);
      return { first: await rest.next(), rest };
    });
  }

  private async answerTo(attempt: TextAttempt): Promise<AsyncIterator<readonly SpokenEvent[]>> {
    const asked = await this.ask(attempt);
    const { ended } = asked;
    let answer: Answer | undefined;
    try {
      answer = this.send(attempt, asked);
      const head = await answer.head();
      if (head.status >= 400) throw asked.failureOf(refusalOf(head, await readErrorBody(answer)));
      if (head.status < 200 || head.status > 299) throw malformed(`status ${head.status}`);
      asked.accepted?.();
    } catch (failure) {
      answer?.close();
      ended?.();
      throw failure;
    }
    const events = this.eventsOf(answer, attempt, asked.reading);
    return ended ? endingWith(events, ended) : events;
  }

  private eventsOf(
    answer: Answer,
    attempt: TextAttempt,
    reading: AnswerReading,
  ): AsyncIterator<readonly SpokenEvent[]> {
    const opened = openedBy(attempt.target, attempt.attempt);
    const { maxFrameBytes } = this;
    return attempt.request.stream
      ? answerEvents(answer, opened, new AnswerReader(reading, maxFrameBytes))
      : wholeEvents(answer, opened, (body) => readAnswer(body, reading, maxFrameBytes));
  }

  close(): Promise<void> {
    return this.client.close();
  }

  destroy(): Promise<void> {
    return this.client.destroy();
  }

  private send({ request, signal, onSent, beforeSending }: TextAttempt, asked: AskedText): Answer {
    const { path, query, headers, body } = asked;
    const { stream } = request;
    const { timeoutMs, backgroundTimeoutMs } = this.settings;
    const sent = this.client.send(
      {
        method: 'POST',
        path,
        ...(query !== undefined && { query }),
        headers: {
          ...headers,
          accept: stream ? 'text/event-stream' : 'application/json',
          'content-type': 'application/json',
        },
        body: wellFormedJson(JSON.stringify(body)),
      },
      {
        signal,
        onSent,
        beforeSending,
        stream,
        timeoutMs: request.background === true ? backgroundTimeoutMs : timeoutMs,
      },
    );
    return decodedAnswer(sent);
  }
}
