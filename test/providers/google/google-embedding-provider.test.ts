import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { ProviderSettings, Target } from '../../../src/catalog/model.js';
import type { EmbeddingRequest } from '../../../src/providers/embedding/embedding-request.js';
import { encodeVector } from '../../../src/providers/embedding/vector.js';
import { GoogleEmbeddingProvider } from '../../../src/providers/google/google-embedding-provider.js';
import { UpstreamFailure } from '../../../src/providers/upstream-failure.js';
import {
  startScriptedUpstream,
  type Handler,
  type ScriptedUpstream,
} from '../../support/scripted-upstream.js';
import { embeddingAttemptFor } from '../embedding/embedding-fixture.js';
import { settingsFor, targetFor } from '../support.js';

let upstream: ScriptedUpstream;
let provider: GoogleEmbeddingProvider;
let target: Target;

function use(overrides: Partial<ProviderSettings> = {}): void {
  const settings = settingsFor(upstream.url, { type: 'google', ...overrides });
  provider = new GoogleEmbeddingProvider(settings);
  target = targetFor(settings, { upstreamModel: 'gemini-embedding-001' });
}

beforeEach(async () => {
  upstream = await startScriptedUpstream();
  use();
});
afterEach(async () => {
  await provider.close();
  await upstream.close();
});

const embed = (overrides: Partial<EmbeddingRequest> = {}) =>
  provider.embed(embeddingAttemptFor(target, overrides));

async function failureOf(overrides: Partial<EmbeddingRequest> = {}): Promise<UpstreamFailure> {
  const failure: unknown = await embed(overrides).catch((thrown: unknown) => thrown);
  if (!(failure instanceof UpstreamFailure)) throw new Error(`not an UpstreamFailure: ${String(failure)}`);
  return failure;
}

/** Answers each text with the number of its place in the batch. */
const embeds =
  (usageMetadata?: object): Handler =>
  (exchange) => {
    const requests = exchange.request.body['requests'] as readonly object[];
    exchange.json({ embeddings: requests.map((_, index) => ({ values: [index, 0.5] })), usageMetadata });
  };

const refuses =
  (status: number, error: object): Handler =>
  (exchange) =>
    exchange.json({ error }, status);

describe("embeddings by Google's own wire", () => {
  it('are asked for in one batch, with the key in a header', async () => {
    upstream.next(embeds({ promptTokenCount: 4 }));
    expect(await embed({ dimensions: 2 })).toEqual({
      vectors: [
        [0, 0.5],
        [1, 0.5],
      ],
      inputTokens: 4,
    });
    const [request] = upstream.requests;
    expect(request).toMatchObject({
      method: 'POST',
      path: '/v1/models/gemini-embedding-001:batchEmbedContents',
      body: {
        requests: ['one', 'two'].map((text) => ({
          model: 'models/gemini-embedding-001',
          content: { parts: [{ text }] },
          outputDimensionality: 2,
        })),
      },
    });
    expect(request?.headers['x-goog-api-key']).toBe('upstream-key');
    expect(request?.headers['authorization']).toBeUndefined();
  });

  it('leave the address of the compatible endpoint', async () => {
    await provider.close();
    use({ baseUrl: `${upstream.url}/openai` });
    upstream.next(embeds());
    await embed();
    expect(upstream.requests[0]?.path).toBe('/v1/models/gemini-embedding-001:batchEmbedContents');
  });

  it('are base64 for who wants that, and have no count where the service gives none', async () => {
    upstream.next(embeds());
    expect(await embed({ format: 'base64' })).toEqual({
      vectors: [encodeVector([0, 0.5]), encodeVector([1, 0.5])],
      inputTokens: undefined,
    });
  });

  it('take fields of their own where the provider passes them', async () => {
    await provider.close();
    use({ passFields: ['taskType', 'content'] });
    upstream.next(embeds());
    await embed({ body: { taskType: 'CLUSTERING', content: 'mine', title: 'no' } });
    expect(upstream.requests[0]?.body['requests']).toEqual(
      ['one', 'two'].map((text) => ({
        model: 'models/gemini-embedding-001',
        content: { parts: [{ text }] },
        taskType: 'CLUSTERING',
      })),
    );
  });

  it('go up a hundred at a time, and are one answer', async () => {
    upstream.always(embeds({ promptTokenCount: 5 }));
    const texts = Array.from({ length: 250 }, (_, index) => `text ${index}`);
    const { vectors, inputTokens } = await embed({ input: { texts } });
    expect(upstream.requests.map(({ body }) => (body['requests'] as readonly object[]).length)).toEqual([
      100, 100, 50,
    ]);
    expect(vectors).toHaveLength(250);
    expect(vectors[249]).toEqual([49, 0.5]);
    expect(inputTokens).toBe(15);
  });

  it('have no count where one of the batches has none', async () => {
    upstream.next(embeds({ promptTokenCount: 5 })).next(embeds());
    const texts = new Array<string>(101).fill('a');
    expect((await embed({ input: { texts } })).inputTokens).toBeUndefined();
  });

  it('are not made of token ids: another target may', async () => {
    const { error, options } = await failureOf({ input: { tokens: [[1]] } });
    expect(error).toMatchObject({ code: 'unsupported_parameter', status: 400, param: 'input' });
    expect(options).toMatchObject({ elsewhere: true, targetFault: false });
    expect(upstream.requests).toHaveLength(0);
  });

  it.each<[string, Handler, object]>([
    ['too few', (exchange) => exchange.json({ embeddings: [{ values: [1] }] }), { code: 'upstream_error' }],
    ['no list', (exchange) => exchange.json({ embedding: { values: [1] } }), { code: 'upstream_error' }],
    [
      'no numbers',
      (exchange) => exchange.json({ embeddings: [{ values: [1] }, { values: ['x'] }] }),
      { code: 'upstream_error' },
    ],
    [
      'a refused key',
      refuses(400, {
        code: 400,
        status: 'INVALID_ARGUMENT',
        details: [{ '@type': 'type.googleapis.com/google.rpc.ErrorInfo', reason: 'API_KEY_INVALID' }],
      }),
      { code: 'upstream_error', status: 502 },
    ],
    [
      'an account that is not set up',
      refuses(400, { code: 400, status: 'FAILED_PRECONDITION' }),
      { code: 'upstream_error', status: 502 },
    ],
    [
      'a wrong dimension',
      refuses(400, {
        code: 400,
        status: 'INVALID_ARGUMENT',
        message: 'upstream text',
        details: [{ fieldViolations: [{ field: 'requests[0].output_dimensionality' }] }],
      }),
      { code: 'invalid_value', status: 400, param: 'dimensions' },
    ],
    [
      'a limit',
      refuses(429, { code: 429, status: 'RESOURCE_EXHAUSTED' }),
      { code: 'rate_limit_exceeded', status: 429 },
    ],
  ])('fail with what the client can know: %s', async (_name, handler, expected) => {
    upstream.always(handler);
    const { error } = await failureOf();
    expect(error).toMatchObject(expected);
    expect(error.message).not.toContain('upstream text');
  });

  it('end when the client leaves', async () => {
    const leaving = new AbortController();
    upstream.always(async (exchange) => {
      leaving.abort();
      await exchange.aborted;
    });
    const asked = provider.embed(embeddingAttemptFor(target, {}, { signal: leaving.signal }));
    await expect(asked).rejects.not.toBeInstanceOf(UpstreamFailure);
  });
});
