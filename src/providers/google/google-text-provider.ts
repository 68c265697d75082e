import { GatewayError } from '../../base/errors/gateway-error.js';
import { reasoningScopeOf, type ProviderSettings, type Target } from '../../catalog/model.js';
import type { SpokenEvent } from '../../text/text-event.js';
import { secretsOf } from '../clean-message.js';
import type { Answer } from '../http/converse.js';
import { decodedAnswer } from '../http/decoded-answer.js';
import { headerOf } from '../http/header.js';
import { malformed } from '../http/malformed.js';
import { MAX_ANSWER_BYTES, readErrorBody, readWhole } from '../http/read-body.js';
import type { ResponseHead } from '../http/upstream-call.js';
import type { UpstreamClient, UpstreamRequest } from '../http/upstream-client.js';
import type { ImageFetch } from '../image/image-fetch.js';
import { refusal } from '../map-status.js';
import type { AnswerReading } from '../text/answer/answer-converter.js';
import { answerEvents } from '../text/answer/answer-events.js';
import { AnswerReader, readAnswer } from '../text/answer/answer-reader.js';
import { openedBy } from '../text/opened-by.js';
import { RefusedSignatures } from '../text/refused-signatures.js';
import type { Trial } from '../text/remedy.js';
import type { TextAttempt, TextProvider } from '../text/text-provider.js';
import type { TextRequest } from '../text/text-request.js';
import { UpstreamFailure } from '../upstream-failure.js';
import { wellFormedJson } from '../well-formed.js';
import { modelPath } from './base-url.js';
import { connectGemini } from './connect.js';
import { GeminiConverter } from './convert-answer.js';
import { convertRequest, type ConvertedRequest } from './convert-request.js';
import { fetchImages } from './fetch-images.js';
import { LearntModels } from './learnt-models.js';
import { failureIn, refuseText } from './refuse-text.js';
import { refuseUnsupported } from './unsupported.js';

interface Asked extends ConvertedRequest {
  readonly request: TextRequest;
  readonly target: Target;
  readonly trial: Trial | undefined;
}

/** The Gemini API: `generateContent`. */
export class GoogleTextProvider implements TextProvider {
  private readonly client: UpstreamClient;
  private readonly refused = new RefusedSignatures();
  private readonly learnt = new LearntModels(this.refused);

  /**
   * @param images fetches what messages name by addresses
   * @param maxFrameBytes limit of one frame of a stream
   */
  constructor(
    private readonly settings: ProviderSettings,
    private readonly images: ImageFetch,
    private readonly maxFrameBytes: number = MAX_ANSWER_BYTES,
  ) {
    this.client = connectGemini(settings);
  }

  async *generate(attempt: TextAttempt): AsyncGenerator<readonly SpokenEvent[]> {
    const { request, target, signal, onSent, beforeSending, trial } = attempt;
    const asked = await this.convert(attempt);
    const { timeoutMs, backgroundTimeoutMs } = this.settings;
    const sent = this.client.send(requestOf(asked), {
      signal,
      onSent,
      beforeSending,
      stream: request.stream,
      timeoutMs: request.background === true ? backgroundTimeoutMs : timeoutMs,
    });
    const answer = decodedAnswer(sent);
    try {
      const head = await answer.head();
      if (head.status < 200 || head.status > 299) throw await this.refusalOf(answer, head, asked);
      if (trial) this.learnt.accepted(target.upstreamModel, trial);
      const opened = openedBy(target, attempt.attempt);
      const { maxFrameBytes } = this;
      const reading = readingOf(asked);
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

  /** Nothing is sent for a request that this wire cannot carry. */
  private async convert({ request, target, signal, trial }: TextAttempt): Promise<Asked> {
    refuseUnsupported(request);
    try {
      const images = await fetchImages(request.prompt.messages, this.images, signal);
      const { refused, learnt } = this;
      const { upstreamModel } = target;
      const converted = convertRequest(request, target, {
        images,
        refused,
        demandsSignatures: learnt.demandsSignatures(upstreamModel),
        thinking: learnt.thinking(upstreamModel, trial),
      });
      return { ...converted, request, target, trial };
    } catch (failure) {
      throw failure instanceof GatewayError ? refusal(inClientsWords(failure, request)) : failure;
    }
  }

  private async refusalOf(answer: Answer, head: ResponseHead, asked: Asked): Promise<UpstreamFailure> {
    const { status } = head;
    const body = await readErrorBody(answer);
    if (status < 400) return malformed(`status ${status}`);
    const failure = refuseText(status, body, {
      ...contextOf(asked),
      retryAfter: headerOf(head, 'retry-after'),
      nowMs: Date.now(),
    });
    const { upstreamModel } = asked.target;
    const trial = this.learnt.trialAfter(status, body, { ...asked, upstreamModel });
    return new UpstreamFailure(failure.error, { ...failure.options, trial });
  }
}

function requestOf({ request, target, body }: Asked): UpstreamRequest {
  const { stream } = request;
  const path = modelPath(target.upstreamModel);
  return {
    method: 'POST',
    path: stream ? `${path}:streamGenerateContent` : `${path}:generateContent`,
    ...(stream && { query: 'alt=sse' }),
    headers: {
      accept: stream ? 'text/event-stream' : 'application/json',
      'content-type': 'application/json',
    },
    body: wellFormedJson(JSON.stringify(body)),
  };
}

function readingOf(asked: Asked): AnswerReading {
  const { request, names, target } = asked;
  const scope = reasoningScopeOf(target.provider);
  return {
    newConverter: () => new GeminiConverter({ prompt: request.prompt, names, scope }),
    failureIn: (frame, event) => failureIn(frame, event, contextOf(asked)),
    takesLists: true,
  };
}

function contextOf({
  request,
  target,
}: Asked): Pick<Parameters<typeof refuseText>[2], 'request' | 'secrets'> {
  const { provider, upstreamModel } = target;
  const names = upstreamModel === request.model.id ? [] : [upstreamModel];
  return { request, secrets: [...secretsOf(provider), ...names] };
}

/** The error names a field of the chat body, which the client may not have sent. */
function inClientsWords(error: GatewayError, { toClientParam }: TextRequest): GatewayError {
  const { param } = error;
  if (!toClientParam || param === null) return error;
  const own = toClientParam(param);
  return new GatewayError(error.code, error.message.replaceAll(`\`${param}\``, `\`${own ?? 'input'}\``), {
    param: own,
    cause: error.cause,
  });
}
