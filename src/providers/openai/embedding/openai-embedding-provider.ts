import type { ProviderSettings, Target } from '../../../catalog/model.js';
import { secretsOfTarget } from '../../clean-message.js';
import { MAX_EMBEDDINGS_BYTES } from '../../embedding/answer-limit.js';
import type { EmbeddingAttempt, EmbeddingProvider, Embeddings } from '../../embedding/embedding-provider.js';
import type { EmbeddingRequest } from '../../embedding/embedding-request.js';
import { exchange } from '../../http/exchange.js';
import { refusalOf } from '../../http/refusal.js';
import type { UpstreamClient, UpstreamRequest } from '../../http/upstream-client.js';
import { wellFormedJson } from '../../well-formed.js';
import { connectOpenAi, pathOf } from '../connect.js';
import { LearntProfiles } from '../../text/learnt-profiles.js';
import { isErrorFrame, mapErrorFrame, type RequestContext } from '../../map-error.js';
import { refusedRequest } from '../refused-request.js';
import { convertAnswer } from './convert-answer.js';
import { convertRequest } from './convert-request.js';

/** Any server that speaks OpenAI's embeddings wire. */
export class OpenAiEmbeddingProvider implements EmbeddingProvider {
  private readonly client: UpstreamClient;
  private readonly learnt: LearntProfiles;

  constructor(private readonly settings: ProviderSettings) {
    this.client = connectOpenAi(settings);
    this.learnt = new LearntProfiles(settings);
  }

  async embed({
    request,
    target,
    trial,
    signal,
    onSent,
    beforeSending,
  }: EmbeddingAttempt): Promise<Embeddings> {
    const { upstreamModel } = target;
    const profile = this.learnt.of(upstreamModel, trial?.remedy);
    const asked = convertRequest(request, target, profile);
    const sent: UpstreamRequest = {
      method: 'POST',
      path: pathOf(this.settings, upstreamModel, '/embeddings'),
      headers: { 'content-type': 'application/json' },
      body: wellFormedJson(JSON.stringify(asked)),
    };
    const { timeoutMs } = this.settings;
    const options = { signal, onSent, beforeSending, timeoutMs };
    const answer = await exchange(this.client, sent, options, MAX_EMBEDDINGS_BYTES);
    const errors = errorContext(request, target);
    if ('refusal' in answer)
      throw refusedRequest(refusalOf(answer.head, answer.refusal), { sent: asked, profile, errors, trial });
    const { accepted } = answer;
    if (isErrorFrame(accepted)) throw mapErrorFrame(accepted, { ...errors, nowMs: Date.now() });
    this.learnt.learn(upstreamModel, trial?.lasting);
    return convertAnswer(accepted, request);
  }

  close(): Promise<void> {
    return this.client.close();
  }

  destroy(): Promise<void> {
    return this.client.destroy();
  }
}

function errorContext({ body, model }: EmbeddingRequest, target: Target): RequestContext {
  const secrets = secretsOfTarget(target, model);
  return { own: { body, input: 'input' }, contextWindow: model.contextWindow, secrets };
}
