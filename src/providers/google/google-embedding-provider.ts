import type { ProviderSettings } from '../../catalog/model.js';
import { GatewayError } from '../../base/errors/gateway-error.js';
import { secretsOf } from '../clean-message.js';
import { MAX_EMBEDDINGS_BYTES } from '../embedding/answer-limit.js';
import type { EmbeddingAttempt, EmbeddingProvider, Embeddings } from '../embedding/embedding-provider.js';
import { readVectors } from '../embedding/read-vectors.js';
import { exchange } from '../http/exchange.js';
import type { UpstreamClient, UpstreamRequest } from '../http/upstream-client.js';
import { UpstreamFailure } from '../upstream-failure.js';
import { wellFormedJson } from '../well-formed.js';
import { modelPath } from './base-url.js';
import { connectGemini } from './connect.js';
import { convertBatch, convertBatchAnswer, type ConvertedBatch } from './convert-embeddings.js';
import { refuseEmbeddings } from './refuse-embeddings.js';

/** The service answers 400 for more: `at most 100 requests can be in one batch`. */
const MOST_PER_BATCH = 100;

/** The Gemini API: `batchEmbedContents`. */
export class GoogleEmbeddingProvider implements EmbeddingProvider {
  private readonly client: UpstreamClient;

  constructor(private readonly settings: ProviderSettings) {
    this.client = connectGemini(settings);
  }

  /** One batch after the other; together they have the time of one call. */
  async embed(attempt: EmbeddingAttempt): Promise<Embeddings> {
    const { input, format } = attempt.request;
    if (!('texts' in input)) throw tokensRefused();
    const { texts } = input;
    const deadlineMs = performance.now() + this.settings.timeoutMs;
    const batches: ConvertedBatch[] = [];
    for (let start = 0; start < texts.length; start += MOST_PER_BATCH) {
      const batch = texts.slice(start, start + MOST_PER_BATCH);
      batches.push(await this.ask(batch, attempt, Math.max(1, Math.ceil(deadlineMs - performance.now()))));
    }
    const listed = batches.flatMap((batch) => batch.listed);
    return {
      vectors: readVectors(listed, texts.length, format),
      inputTokens: batches.reduce<number | undefined>(
        (sum, { inputTokens }) =>
          sum === undefined || inputTokens === undefined ? undefined : sum + inputTokens,
        0,
      ),
    };
  }

  close(): Promise<void> {
    return this.client.close();
  }

  destroy(): Promise<void> {
    return this.client.destroy();
  }

  private async ask(
    texts: readonly string[],
    { request, target, signal, onSent, beforeSending }: EmbeddingAttempt,
    timeoutMs: number,
  ): Promise<ConvertedBatch> {
    const { upstreamModel, provider } = target;
    const body = convertBatch(texts, request, upstreamModel, provider.passFields);
    const sent: UpstreamRequest = {
      method: 'POST',
      path: `${modelPath(upstreamModel)}:batchEmbedContents`,
      headers: { 'content-type': 'application/json' },
      body: wellFormedJson(JSON.stringify(body)),
    };
    const options = { signal, onSent, beforeSending, timeoutMs };
    const answer = await exchange(this.client, sent, options, MAX_EMBEDDINGS_BYTES);
    if ('refusal' in answer) {
      const { contextWindow } = request.model;
      throw refuseEmbeddings(answer.head, answer.refusal, { contextWindow, secrets: secretsOf(provider) });
    }
    return convertBatchAnswer(answer.accepted);
  }
}

/** Another target may take them. */
function tokensRefused(): UpstreamFailure {
  const error = new GatewayError(
    'unsupported_parameter',
    '`input` has to be text for this model: its provider takes no token ids.',
    { param: 'input' },
  );
  return new UpstreamFailure(error, { retryable: false, elsewhere: true, targetFault: false });
}
