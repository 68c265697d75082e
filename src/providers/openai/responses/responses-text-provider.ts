import { reasoningScopeOf, type ProviderSettings, type Target } from '../../../catalog/model.js';
import type { JsonObject } from '../../../base/json.js';
import type { SpokenEvent } from '../../../text/text-event.js';
import { secretsOf } from '../../clean-message.js';
import type { Answer } from '../../http/converse.js';
import { decodedAnswer } from '../../http/decoded-answer.js';
import { headerOf } from '../../http/header.js';
import { malformed } from '../../http/malformed.js';
import { MAX_ANSWER_BYTES, readErrorBody, readWhole } from '../../http/read-body.js';
import type { ResponseHead } from '../../http/upstream-call.js';
import type { UpstreamClient } from '../../http/upstream-client.js';
import { mapRefusal, type RequestContext } from '../../map-error.js';
import { readError } from '../../read-error.js';
import type { AnswerReading } from '../../text/answer/answer-converter.js';
import { answerEvents } from '../../text/answer/answer-events.js';
import { AnswerReader, readAnswer } from '../../text/answer/answer-reader.js';
import { LearntProfiles } from '../../text/learnt-profiles.js';
import { openedBy } from '../../text/opened-by.js';
import { RefusedSignatures } from '../../text/refused-signatures.js';
import { joined, type Trial } from '../../text/remedy.js';
import type { TextAttempt, TextProvider } from '../../text/text-provider.js';
import type { TextRequest } from '../../text/text-request.js';
import { unsupportedHere } from '../../unsupported.js';
import { UpstreamFailure } from '../../upstream-failure.js';
import { wellFormedJson } from '../../well-formed.js';
import { connectOpenAi } from '../connect.js';
import { EventConverter } from './answer/convert-event.js';
import { failureIn } from './answer/failure-in.js';
import { toChatParam } from './chat-params.js';
import { findRemedy, isLasting, saysWrongReasoning } from './find-remedy.js';
import { convertRequest, type ConvertedRequest } from './request/convert-request.js';
import { unsupportedIn } from './request/unsupported.js';

/** Any server that speaks OpenAI's Responses wire. It keeps nothing: conversations are kept here. */
export class ResponsesTextProvider implements TextProvider {
  private readonly client: UpstreamClient;
  private readonly learnt: LearntProfiles;
  private readonly refused = new RefusedSignatures();

  /** @param maxFrameBytes limit of one frame of a stream. */
  constructor(
    private readonly settings: ProviderSettings,
    private readonly maxFrameBytes = MAX_ANSWER_BYTES,
  ) {
    this.client = connectOpenAi(settings);
    this.learnt = new LearntProfiles(settings);
  }

  async *generate(attempt: TextAttempt): AsyncGenerator<readonly SpokenEvent[]> {
    const { request, target, affinity, trial } = attempt;
    const { upstreamModel } = target;
    const unsupported = unsupportedIn(request.prompt);
    if (unsupported) throw unsupportedHere(unsupported, request.toClientParam);
    const profile = this.learnt.of(upstreamModel, trial?.remedy);
    const source = { scope: reasoningScopeOf(this.settings), refused: this.refused };
    const asked = convertRequest(request, target, source, profile, affinity);
    const { affinityHeader } = profile;
    const headers = affinityHeader === undefined ? {} : { [affinityHeader]: affinity };
    const answer = this.send(attempt, asked.body, headers);
    try {
      const head = await answer.head();
      const errors = errorContext(request, target);
      if (head.status < 200 || head.status > 299)
        throw await this.refusal(answer, head, asked, { errors, trial });
      if (trial?.lasting) this.learnt.learn(upstreamModel, trial.lasting);
      const opened = openedBy(target, attempt.attempt);
      const { maxFrameBytes } = this;
      const reading = readingOf(request, source.scope, errors);
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

  private send(
    { request, signal, onSent, beforeSending }: TextAttempt,
    body: JsonObject,
    headers: Readonly<Record<string, string>>,
  ): Answer {
    const { timeoutMs, backgroundTimeoutMs } = this.settings;
    const accept = request.stream ? 'text/event-stream' : 'application/json';
    const sent = this.client.send(
      {
        method: 'POST',
        path: '/responses',
        headers: { accept, 'content-type': 'application/json', ...headers },
        body: wellFormedJson(JSON.stringify(body)),
      },
      {
        signal,
        onSent,
        beforeSending,
        stream: request.stream,
        timeoutMs: request.background === true ? backgroundTimeoutMs : timeoutMs,
      },
    );
    return decodedAnswer(sent);
  }

  private async refusal(
    answer: Answer,
    head: ResponseHead,
    asked: ConvertedRequest,
    { errors, trial }: { readonly errors: RequestContext; readonly trial: Trial | undefined },
  ): Promise<UpstreamFailure> {
    const { status } = head;
    const body = await readErrorBody(answer);
    if (status < 400) return malformed(`status ${status}`);
    const retryAfter = headerOf(head, 'retry-after');
    const { error, options } = mapRefusal(status, body, { ...errors, nowMs: Date.now(), retryAfter });
    const next = error.code === 'invalid_value' ? this.nextTrial(status, body, asked, trial) : undefined;
    return new UpstreamFailure(error, { ...options, trial: next });
  }

  /** Once more without what was refused, if the call is the same without it. An earlier remedy stays. */
  private nextTrial(
    status: number,
    body: unknown,
    { signatures, body: sent }: ConvertedRequest,
    trial: Trial | undefined,
  ): Trial | undefined {
    const read = readError(body);
    if (saysWrongReasoning(status, read))
      return this.refused.add(signatures) ? { remedy: {}, ...trial } : undefined;
    const found = findRemedy(status, read, sent);
    const remedy = found && joined(trial?.remedy, found);
    if (!remedy) return undefined;
    return { remedy, lasting: joined(trial?.lasting, isLasting(read, sent) ? found : undefined) };
  }
}

/** How answers to this request are read. @param scope of the provider's encrypted reasoning */
export function readingOf({ prompt }: TextRequest, scope: string, errors: RequestContext): AnswerReading {
  return {
    newConverter: () => new EventConverter(scope, prompt),
    failureIn: (frame, event) => failureIn(frame, event, { ...errors, nowMs: Date.now() }),
  };
}

function errorContext({ prompt, model, toClientParam }: TextRequest, { provider }: Target): RequestContext {
  return {
    prompt,
    toClientParam,
    toChatParam,
    contextWindow: model.contextWindow,
    secrets: secretsOf(provider),
  };
}
