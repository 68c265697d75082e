import { reasoningScopeOf, type ProviderSettings, type Target } from '../../catalog/model.js';
import { GatewayError } from '../../base/errors/gateway-error.js';
import { cleanMessage, secretsOf } from '../clean-message.js';
import type { Answer } from '../http/converse.js';
import { decodedAnswer } from '../http/decoded-answer.js';
import { headerOf } from '../http/header.js';
import { malformed } from '../http/malformed.js';
import { MAX_ANSWER_BYTES, readErrorBody, readWhole } from '../http/read-body.js';
import type { ResponseHead } from '../http/upstream-call.js';
import type { UpstreamClient } from '../http/upstream-client.js';
import { mapErrorFrame, mapRefusal, type RequestContext } from '../map-error.js';
import { readError } from '../read-error.js';
import type { AnswerReading } from '../text/answer/answer-converter.js';
import { answerEvents } from '../text/answer/answer-events.js';
import { AnswerReader, readAnswer } from '../text/answer/answer-reader.js';
import { LearntProfiles } from '../text/learnt-profiles.js';
import { RefusedSignatures } from '../text/refused-signatures.js';
import { joined, type Trial } from '../text/remedy.js';
import type { TextAttempt, TextProvider } from '../text/text-provider.js';
import type { TextRequest } from '../text/text-request.js';
import type { SpokenEvent } from '../../text/text-event.js';
import { unsupportedHere } from '../unsupported.js';
import { UpstreamFailure } from '../upstream-failure.js';
import { wellFormedJson } from '../well-formed.js';
import { FrameConverter } from './answer/convert-frame.js';
import { connectAnthropic, VERSION } from './connect.js';
import { findRemedy, isLasting, refusedSampling } from './find-remedy.js';
import { isErrorFrame, saysWrongSignature, senseOf } from './map-error.js';
import { editCall, type EditedCall } from './request/edit-call.js';
import { convertRequest, type ConvertedRequest } from './request/convert-request.js';
import { unsupportedIn } from './request/unsupported.js';

/** Any server that speaks Anthropic's Messages wire. */
export class AnthropicTextProvider implements TextProvider {
  private readonly client: UpstreamClient;
  private readonly learnt: LearntProfiles;
  private readonly refused = new RefusedSignatures();

  /** @param maxFrameBytes limit of one frame of a stream. */
  constructor(
    private readonly settings: ProviderSettings,
    private readonly maxFrameBytes = MAX_ANSWER_BYTES,
  ) {
    this.client = connectAnthropic(settings);
    this.learnt = new LearntProfiles(settings);
  }

  async *generate(attempt: TextAttempt): AsyncGenerator<readonly SpokenEvent[]> {
    const { request, target, signal, onSent, beforeSending, trial } = attempt;
    const { upstreamModel } = target;
    const { messagesCall } = request.prompt;
    const unsupported = unsupportedIn(request.prompt);
    if (unsupported) throw unsupportedHere(unsupported, request.toClientParam);
    const profile = this.learnt.of(upstreamModel, trial?.remedy);
    const source = { scope: reasoningScopeOf(this.settings), refused: this.refused };
    const asked = messagesCall
      ? editCall(messagesCall, request, target, source)
      : convertRequest(request, target, source, profile);
    const { timeoutMs, backgroundTimeoutMs } = this.settings;
    const accept = request.stream ? 'text/event-stream' : 'application/json';
    const sent = this.client.send(
      {
        method: 'POST',
        path: '/v1/messages',
        headers: { ...VERSION, ...messagesCall?.headers, accept, 'content-type': 'application/json' },
        body: wellFormedJson(JSON.stringify(asked.body)),
      },
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
        throw await this.refusal(answer, head, asked, { errors, trial });
      if (trial?.lasting) this.learnt.learn(upstreamModel, trial.lasting);
      const opened: SpokenEvent = {
        type: 'opened',
        provider: target.provider.id,
        upstreamModel,
        attempts: attempt.attempt,
      };
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

  private async refusal(
    answer: Answer,
    head: ResponseHead,
    asked: ConvertedRequest | EditedCall,
    { errors, trial }: { readonly errors: RequestContext; readonly trial: Trial | undefined },
  ): Promise<UpstreamFailure> {
    const { status } = head;
    const body = await readErrorBody(answer);
    if (status < 400) return malformed(`status ${status}`);
    const retryAfter = headerOf(head, 'retry-after');
    const { error, options } = mapRefusal(status, body, { ...errors, nowMs: Date.now(), retryAfter });
    if ('passed' in asked) return this.passedRefusal({ error, options }, body, asked, errors);
    const found = refusedSampling(status, readError(body).message);
    if (found) {
      const unsupported = unsupportedHere(found, errors.toClientParam);
      return new UpstreamFailure(unsupported.error, { ...options, ...unsupported.options });
    }
    const next = error.code === 'invalid_value' ? this.nextTrial(status, body, asked, trial) : undefined;
    return new UpstreamFailure(error, { ...options, trial: next });
  }

  /**
   * A client of this wire mends what the service refuses, by reading its words; only a signature that does not hold is
   * taken out here.
   */
  private passedRefusal(
    { error, options }: Pick<UpstreamFailure, 'error' | 'options'>,
    body: unknown,
    { signatures }: EditedCall,
    { secrets }: RequestContext,
  ): UpstreamFailure {
    const read = readError(body);
    if (error.code !== 'invalid_value') return new UpstreamFailure(error, options);
    if (saysWrongSignature(400, read) && this.refused.add(signatures))
      return new UpstreamFailure(error, { ...options, trial: { remedy: {} } });
    return new UpstreamFailure(
      new GatewayError('invalid_value', cleanMessage(read.message, secrets)),
      options,
    );
  }

  /** Once more without what was refused, if the call is the same without it. An earlier remedy stays. */
  private nextTrial(
    status: number,
    body: unknown,
    { signatures, body: sent }: ConvertedRequest,
    trial: Trial | undefined,
  ): Trial | undefined {
    const read = readError(body);
    if (saysWrongSignature(status, read))
      return this.refused.add(signatures) ? { remedy: {}, ...trial } : undefined;
    const found = findRemedy(status, read.message, sent);
    const remedy = found && joined(trial?.remedy, found);
    if (!remedy) return undefined;
    return { remedy, lasting: joined(trial?.lasting, isLasting(found, read.message) ? found : undefined) };
  }
}

/** How answers to this request are read. */
export function readingOf({ prompt }: TextRequest, scope: string, errors: RequestContext): AnswerReading {
  const custom = prompt.tools.filter(({ kind }) => kind === 'custom');
  const customTools = new Set(custom.map(({ name }) => name));
  return {
    newConverter: () => new FrameConverter({ scope, customTools }, prompt.messagesCall !== undefined),
    failureIn: (frame, event) =>
      isErrorFrame(frame, event) ? mapErrorFrame(frame, { ...errors, nowMs: Date.now() }) : undefined,
  };
}

function errorContext({ prompt, model, toClientParam }: TextRequest, target: Target): RequestContext {
  return {
    prompt,
    toClientParam,
    contextWindow: model.contextWindow,
    secrets: secretsOf(target.provider),
    isOtherWire: true,
    senseOf,
  };
}
