import { GatewayError } from '../../base/errors/gateway-error.js';
import { reasoningScopeOf, type ProviderSettings, type Target } from '../../catalog/model.js';
import { secretsOfTarget } from '../clean-message.js';
import type { Refusal } from '../http/refusal.js';
import type { ImageFetch } from '../image/image-fetch.js';
import type { ImageRoom } from '../image/image-rooms.js';
import { refusal } from '../map-status.js';
import type { AnswerReading } from '../text/answer/answer-converter.js';
import { RefusedSignatures } from '../text/refused-signatures.js';
import type { Trial } from '../text/remedy.js';
import type { TextAttempt } from '../text/text-provider.js';
import type { TextRequest } from '../text/text-request.js';
import { UpstreamTextProvider, type AskedText } from '../text/upstream-text-provider.js';
import { unsupportedHere } from '../unsupported.js';
import { UpstreamFailure } from '../upstream-failure.js';
import { modelPath } from './base-url.js';
import { connectGemini } from './connect.js';
import { GeminiConverter } from './convert-answer.js';
import { convertRequest, type ConvertedRequest } from './convert-request.js';
import { fetchImages } from './fetch-images.js';
import { LearntModels } from './learnt-models.js';
import { failureIn, refuseText } from './refuse-text.js';
import { unsupportedIn } from './unsupported.js';

interface Converted extends ConvertedRequest {
  readonly request: TextRequest;
  readonly target: Target;
  readonly trial: Trial | undefined;
  readonly hasFetched: boolean;
}

/** The Gemini API: `generateContent`. */
export class GoogleTextProvider extends UpstreamTextProvider {
  private readonly refused = new RefusedSignatures();
  private readonly learnt = new LearntModels(this.refused);

  /**
   * @param images fetches what messages name by addresses
   * @param maxFrameBytes limit of one frame of a stream
   */
  constructor(
    settings: ProviderSettings,
    private readonly images: ImageFetch,
    maxFrameBytes?: number,
  ) {
    super(settings, connectGemini(settings), maxFrameBytes);
  }

  protected async ask(attempt: TextAttempt): Promise<AskedText> {
    const { request, target, trial } = attempt;
    const unsupported = unsupportedIn(request.prompt);
    if (unsupported) throw unsupportedHere(unsupported, request.toClientParam);
    const room = this.images.room();
    const asked = await this.convert(attempt, room);
    const path = modelPath(target.upstreamModel);
    return {
      ...(request.stream
        ? { path: `${path}:streamGenerateContent`, query: 'alt=sse' }
        : { path: `${path}:generateContent` }),
      body: asked.body,
      reading: readingOf({ request, names: asked.names, target }),
      failureOf: (refused) => this.failureOf(refused, asked),
      accepted: () => this.learnt.accepted(target.upstreamModel, trial),
      ...(asked.hasFetched && { ended: releaseOf(room) }),
    };
  }

  private async convert(
    { request, target, signal, trial }: TextAttempt,
    room: ImageRoom,
  ): Promise<Converted> {
    try {
      const images = await fetchImages(request.prompt.messages, this.images, room, signal);
      const { refused, learnt } = this;
      const { upstreamModel } = target;
      const converted = convertRequest(request, target, {
        images,
        refused,
        demandsSignatures: learnt.demandsSignatures(upstreamModel),
        thinking: learnt.thinking(upstreamModel, trial),
      });
      return { ...converted, request, target, trial, hasFetched: images.size > 0 };
    } catch (failure) {
      room.release();
      throw failure instanceof GatewayError ? refusal(inClientsWords(failure, request)) : failure;
    }
  }

  private failureOf({ status, body, ...refused }: Refusal, asked: Converted): UpstreamFailure {
    const failure = refuseText(status, body, { ...contextOf(asked), ...refused });
    const { upstreamModel } = asked.target;
    const trial = this.learnt.trialAfter(status, body, { ...asked, upstreamModel });
    return new UpstreamFailure(failure.error, { ...failure.options, trial });
  }
}

/** Keeps nothing of the body, which may hold many images, for as long as the answer lasts. */
function readingOf(asked: Pick<Converted, 'request' | 'names' | 'target'>): AnswerReading {
  const { request, names, target } = asked;
  const scope = reasoningScopeOf(target.provider);
  return {
    newConverter: () => new GeminiConverter({ prompt: request.prompt, names, scope }),
    failureIn: (frame, event) => failureIn(frame, event, contextOf(asked)),
    takesLists: true,
  };
}

function releaseOf(room: ImageRoom): () => void {
  return () => room.release();
}

function contextOf({
  request,
  target,
}: Pick<Converted, 'request' | 'target'>): Pick<Parameters<typeof refuseText>[2], 'request' | 'secrets'> {
  return { request, secrets: secretsOfTarget(target, request.model) };
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
