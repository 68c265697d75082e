import type { ProviderSettings, Target } from '../../catalog/model.js';
import { secretsOfTarget } from '../clean-message.js';
import type { RequestContext } from '../map-error.js';
import { LearntProfiles } from '../text/learnt-profiles.js';
import type { TextAttempt } from '../text/text-provider.js';
import type { TextRequest } from '../text/text-request.js';
import { UpstreamTextProvider, type AskedText } from '../text/upstream-text-provider.js';
import { affinityHeaders, connectOpenAi, pathOf } from './connect.js';
import { convertRequest } from './convert-request.js';
import { readingOf } from './reading.js';
import { refusedRequest } from './refused-request.js';

/** Any server that speaks OpenAI's chat wire. */
export class OpenAiTextProvider extends UpstreamTextProvider {
  private readonly learnt: LearntProfiles;

  /** @param maxFrameBytes limit of one frame of a stream. */
  constructor(settings: ProviderSettings, maxFrameBytes?: number) {
    super(settings, connectOpenAi(settings), maxFrameBytes);
    this.learnt = new LearntProfiles(settings);
  }

  protected ask({ request, target, affinity, trial }: TextAttempt): AskedText {
    const profile = this.learnt.of(target.upstreamModel, trial?.remedy);
    const body = convertRequest(request, target, profile, affinity);
    const errors = errorContext(request, target);
    return {
      path: pathOf(this.settings, target.upstreamModel, '/chat/completions'),
      headers: affinityHeaders(profile, affinity),
      body,
      reading: readingOf(errors),
      failureOf: (refusal) => refusedRequest(refusal, { sent: body, profile, errors, trial }),
      accepted: () => this.learnt.learn(target.upstreamModel, trial?.lasting),
    };
  }
}

function errorContext({ prompt, model, toClientParam }: TextRequest, target: Target): RequestContext {
  const secrets = secretsOfTarget(target, model);
  return { prompt, toClientParam, contextWindow: model.contextWindow, secrets };
}
