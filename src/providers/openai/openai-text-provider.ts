import type { ProviderSettings, Target } from '../../catalog/model.js';
import { secretsOf } from '../clean-message.js';
import { decodedAnswer } from '../http/decoded-answer.js';
import { MAX_ANSWER_BYTES, readErrorBody, readWhole } from '../http/read-body.js';
import type { UpstreamClient } from '../http/upstream-client.js';
import type { SpokenEvent } from '../../text/text-event.js';
import type { TextAttempt, TextProvider } from '../text/text-provider.js';
import { openedBy } from '../text/opened-by.js';
import type { TextRequest } from '../text/text-request.js';
import { answerEvents } from '../text/answer/answer-events.js';
import { AnswerReader, readAnswer } from '../text/answer/answer-reader.js';
import { connectOpenAi } from './connect.js';
import { readingOf } from './reading.js';
import { convertRequest } from './convert-request.js';
import { LearntProfiles } from '../text/learnt-profiles.js';
import type { RequestContext } from '../map-error.js';
import { refusedRequest } from './refused-request.js';
import { wellFormedJson } from '../well-formed.js';

/** Any server that speaks OpenAI's chat wire. */
export class OpenAiTextProvider implements TextProvider {
  private readonly client: UpstreamClient;
  private readonly learnt: LearntProfiles;

  /** @param maxFrameBytes limit of one frame of a stream. */
  constructor(
    private readonly settings: ProviderSettings,
    private readonly maxFrameBytes = MAX_ANSWER_BYTES,
  ) {
    this.client = connectOpenAi(settings);
    this.learnt = new LearntProfiles(settings);
  }

  async *generate(attempt: TextAttempt): AsyncGenerator<readonly SpokenEvent[]> {
    const { request, target, affinity, signal, onSent, beforeSending, trial } = attempt;
    const { upstreamModel } = target;
    const profile = this.learnt.of(upstreamModel, trial?.remedy);
    const asked = convertRequest(request, target, profile, affinity);
    const body = wellFormedJson(JSON.stringify(asked));
    const { timeoutMs, backgroundTimeoutMs } = this.settings;
    const accept = request.stream ? 'text/event-stream' : 'application/json';
    const { affinityHeader } = profile;
    const headers = {
      accept,
      'content-type': 'application/json',
      ...(affinityHeader !== undefined && { [affinityHeader]: affinity }),
    };
    const sent = this.client.send(
      { method: 'POST', path: '/chat/completions', headers, body },
      {
        signal,
        onSent,
        beforeSending,
        stream: request.stream,
        timeoutMs: request.background === true ? backgroundTimeoutMs : timeoutMs,
      },
    );
    const answer = decodedAnswer(sent);
    try {
      const head = await answer.head();
      const errors = errorContext(request, target);
      if (head.status < 200 || head.status > 299)
        throw refusedRequest(head, await readErrorBody(answer), { sent: asked, profile, errors, trial });
      if (trial?.lasting) this.learnt.learn(upstreamModel, trial.lasting);
      const opened = openedBy(target, attempt.attempt);
      const { maxFrameBytes } = this;
      const reading = readingOf(errors);
      if (request.stream) yield* answerEvents(answer, opened, new AnswerReader(reading, maxFrameBytes));
      else yield [opened, ...readAnswer(await readWhole(answer), reading, maxFrameBytes)];
    } finally {
      answer.close();
    }
  }

  close(): Promise<void> {
    return this.client.close();
  }

  destroy(): Promise<void> {
    return this.client.destroy();
  }
}

function errorContext(
  { prompt, model, toClientParam }: TextRequest,
  { provider, upstreamModel }: Target,
): RequestContext {
  const names = upstreamModel === model.id ? [] : [upstreamModel];
  const secrets = [...secretsOf(provider), ...names];
  return { prompt, toClientParam, contextWindow: model.contextWindow, secrets };
}
