import type { JsonObject } from '../../../src/base/json.js';
import { encodeVector } from '../../../src/providers/embedding/vector.js';
import { fileFor } from '../../support/gateway.js';
import type { Handler } from '../../support/scripted-upstream.js';

/** A gateway file with the embedding model `test-embedding`, at 1 USD per million tokens, beside `test-model`. */
export function embeddingsFile(
  baseUrl: string,
  { provider = {}, model = {} }: { provider?: object; model?: object } = {},
): ReturnType<typeof fileFor> {
  const { providers, models } = fileFor(baseUrl, { provider });
  const embedding = {
    id: 'test-embedding',
    kind: 'embedding',
    targets: [{ provider: 'upstream', model: 'upstream-embedding' }],
    pricing: { input: 1 },
    ...model,
  };
  return { providers, models: [...models, embedding] };
}

/** One list of OpenAI's shape, its entries in the order of their indexes unless `data` has them. */
export function listOf(
  vectors: readonly unknown[],
  usage: JsonObject | null = { prompt_tokens: 7, total_tokens: 7 },
): JsonObject {
  return {
    object: 'list',
    data: vectors.map((embedding, index) => ({ object: 'embedding', index, embedding })) as never,
    model: 'upstream-embedding',
    ...(usage && { usage }),
  };
}

/** Answers as a service that knows both formats: with `[position, 0.5]` for each input. */
export function embeds(usage?: JsonObject | null): Handler {
  return (exchange) => {
    const { input, encoding_format: format } = exchange.request.body;
    const count = Array.isArray(input) && typeof input[0] !== 'number' ? input.length : 1;
    const vectors = Array.from({ length: count }, (_, index) => [index, 0.5]);
    exchange.json(listOf(format === 'base64' ? vectors.map(encodeVector) : vectors, usage));
  };
}
