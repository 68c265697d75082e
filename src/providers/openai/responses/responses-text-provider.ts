import { reasoningScopeOf, type ProviderSettings, type Target } from '../../../catalog/model.js';
import { secretsOfTarget } from '../../clean-message.js';
import type { Refusal } from '../../http/refusal.js';
import { mapRefusal, type RequestContext } from '../../map-error.js';
import { readError } from '../../read-error.js';
import type { AnswerReading } from '../../text/answer/answer-converter.js';
import { LearntProfiles } from '../../text/learnt-profiles.js';
import { RefusedSignatures } from '../../text/refused-signatures.js';
import { nextTrial, type Trial } from '../../text/remedy.js';
import type { TextAttempt } from '../../text/text-provider.js';
import type { TextRequest } from '../../text/text-request.js';
import { UpstreamTextProvider, type AskedText } from '../../text/upstream-text-provider.js';
import { unsupportedHere } from '../../unsupported.js';
import { UpstreamFailure } from '../../upstream-failure.js';
import { affinityHeaders, connectOpenAi } from '../connect.js';
import { EventConverter } from './answer/convert-event.js';
import { failureIn } from './answer/failure-in.js';
import { toChatParam } from './chat-params.js';
import { findRemedy, isLasting, saysWrongReasoning } from './find-remedy.js';
import { convertRequest, type ConvertedRequest } from './request/convert-request.js';
import { unsupportedIn } from './request/unsupported.js';

/** Any server that speaks OpenAI's Responses wire. It keeps nothing: conversations are kept here. */
export class ResponsesTextProvider extends UpstreamTextProvider {
  private readonly learnt: LearntProfiles;
  private readonly refused = new RefusedSignatures();

  /** @param maxFrameBytes limit of one frame of a stream. */
  constructor(settings: ProviderSettings, maxFrameBytes?: number) {
    super(settings, connectOpenAi(settings), maxFrameBytes);
    this.learnt = new LearntProfiles(settings);
  }

  protected ask({ request, target, affinity, trial }: TextAttempt): AskedText {
    const unsupported = unsupportedIn(request.prompt);
    if (unsupported) throw unsupportedHere(unsupported, request.toClientParam);
    const profile = this.learnt.of(target.upstreamModel, trial?.remedy);
    const source = { scope: reasoningScopeOf(this.settings), refused: this.refused };
    const asked = convertRequest(request, target, source, profile, affinity);
    const errors = errorContext(request, target);
    return {
      path: '/responses',
      headers: affinityHeaders(profile, affinity),
      body: asked.body,
      reading: readingOf(request, source.scope, errors),
      failureOf: (refusal) => this.failureOf(refusal, asked, { errors, trial }),
      accepted: () => this.learnt.learn(target.upstreamModel, trial?.lasting),
    };
  }

  private failureOf(
    { status, body, ...refusal }: Refusal,
    { signatures, body: sent }: ConvertedRequest,
    { errors, trial }: { readonly errors: RequestContext; readonly trial: Trial | undefined },
  ): UpstreamFailure {
    const { error, options } = mapRefusal(status, body, { ...errors, ...refusal });
    if (error.code !== 'invalid_value') return new UpstreamFailure(error, options);
    const read = readError(body);
    const next = saysWrongReasoning(status, read)
      ? this.refused.trialWithout(signatures, trial)
      : nextTrial(trial, findRemedy(status, read, sent), () => isLasting(read, sent));
    return new UpstreamFailure(error, { ...options, trial: next });
  }
}

/** How answers to this request are read. @param scope of the provider's encrypted reasoning */
export function readingOf({ prompt }: TextRequest, scope: string, errors: RequestContext): AnswerReading {
  return {
    newConverter: () => new EventConverter(scope, prompt),
    failureIn: (frame, event) => failureIn(frame, event, { ...errors, nowMs: Date.now() }),
  };
}

function errorContext({ prompt, model, toClientParam }: TextRequest, target: Target): RequestContext {
  return {
    prompt,
    toClientParam,
    toChatParam,
    contextWindow: model.contextWindow,
    secrets: secretsOfTarget(target, model),
  };
}
