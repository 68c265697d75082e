import { GatewayError } from '../../base/errors/gateway-error.js';
import { reasoningScopeOf, type ProviderSettings, type Target } from '../../catalog/model.js';
import { cleanMessage, secretsOfTarget } from '../clean-message.js';
import type { Refusal } from '../http/refusal.js';
import { mapErrorFrame, mapRefusal, type RequestContext } from '../map-error.js';
import { readError, type ReadError } from '../read-error.js';
import type { AnswerReading } from '../text/answer/answer-converter.js';
import { LearntProfiles } from '../text/learnt-profiles.js';
import { RefusedSignatures } from '../text/refused-signatures.js';
import { nextTrial, type Trial } from '../text/remedy.js';
import type { CountAttempt, TextAttempt } from '../text/text-provider.js';
import type { TextRequest } from '../text/text-request.js';
import { UpstreamTextProvider, type AskedText } from '../text/upstream-text-provider.js';
import { unsupportedHere } from '../unsupported.js';
import { UpstreamFailure } from '../upstream-failure.js';
import { FrameConverter } from './answer/convert-frame.js';
import { connectAnthropic, VERSION } from './connect.js';
import { countTokens } from './count-tokens.js';
import { findRemedy, isLasting, refusedSampling } from './find-remedy.js';
import { isErrorFrame, saysWrongSignature, senseOf } from './map-error.js';
import { editCall, type EditedCall } from './request/edit-call.js';
import { convertRequest, type ConvertedRequest } from './request/convert-request.js';
import type { ThinkingSource } from './request/thinking-blocks.js';
import { unsupportedIn } from './request/unsupported.js';

/** Any server that speaks Anthropic's Messages wire. */
export class AnthropicTextProvider extends UpstreamTextProvider {
  private readonly learnt: LearntProfiles;
  private readonly refused = new RefusedSignatures();

  /** @param maxFrameBytes limit of one frame of a stream. */
  constructor(settings: ProviderSettings, maxFrameBytes?: number) {
    super(settings, connectAnthropic(settings), maxFrameBytes);
    this.learnt = new LearntProfiles(settings);
  }

  protected ask({ request, target, trial }: TextAttempt): AskedText {
    const { messagesCall } = request.prompt;
    const unsupported = unsupportedIn(request.prompt);
    if (unsupported) throw unsupportedHere(unsupported, request.toClientParam);
    const profile = this.learnt.of(target.upstreamModel, trial?.remedy);
    const { source } = this;
    const asked = messagesCall
      ? editCall(messagesCall, request, target, source)
      : convertRequest(request, target, source, profile);
    const errors = errorContext(request, target);
    return {
      path: '/v1/messages',
      headers: { ...VERSION, ...messagesCall?.headers },
      body: asked.body,
      reading: readingOf(request, source.scope, errors),
      failureOf: (refusal) => this.failureOf(refusal, asked, { errors, trial }),
      accepted: () => this.learnt.learn(target.upstreamModel, trial?.lasting),
    };
  }

  countTokens(attempt: CountAttempt): Promise<number> {
    const { body } = editCall(attempt.call, attempt, attempt.target, this.source);
    return countTokens(this.client, body, attempt);
  }

  private get source(): ThinkingSource {
    return { scope: reasoningScopeOf(this.settings), refused: this.refused };
  }

  private failureOf(
    { status, body, ...refusal }: Refusal,
    asked: ConvertedRequest | EditedCall,
    { errors, trial }: { readonly errors: RequestContext; readonly trial: Trial | undefined },
  ): UpstreamFailure {
    const { error, options } = mapRefusal(status, body, { ...errors, ...refusal });
    const read = readError(body);
    if ('passed' in asked) return this.passedFailure({ error, options }, read, asked, errors);
    const found = refusedSampling(status, read.message);
    if (found) {
      const unsupported = unsupportedHere(found, errors.toClientParam);
      return new UpstreamFailure(unsupported.error, { ...options, ...unsupported.options });
    }
    const next = error.code === 'invalid_value' ? this.trialAfter(status, read, asked, trial) : undefined;
    return new UpstreamFailure(error, { ...options, trial: next });
  }

  /**
   * A client of this wire mends what the service refuses, by reading its words; only a signature that does not hold is
   * taken out here.
   */
  private passedFailure(
    { error, options }: Pick<UpstreamFailure, 'error' | 'options'>,
    read: ReadError,
    { signatures }: EditedCall,
    { secrets }: RequestContext,
  ): UpstreamFailure {
    if (error.code !== 'invalid_value') return new UpstreamFailure(error, options);
    const trial = saysWrongSignature(400, read)
      ? this.refused.trialWithout(signatures, undefined)
      : undefined;
    if (trial) return new UpstreamFailure(error, { ...options, trial });
    return new UpstreamFailure(
      new GatewayError('invalid_value', cleanMessage(read.message, secrets)),
      options,
    );
  }

  /** Once more without what was refused, if the call is the same without it. */
  private trialAfter(
    status: number,
    read: ReadError,
    { signatures, body }: ConvertedRequest,
    trial: Trial | undefined,
  ): Trial | undefined {
    return saysWrongSignature(status, read)
      ? this.refused.trialWithout(signatures, trial)
      : nextTrial(trial, findRemedy(status, read.message, body), (found) => isLasting(found, read.message));
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
    secrets: secretsOfTarget(target, model),
    isOtherWire: true,
    senseOf,
  };
}
