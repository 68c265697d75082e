import { createHash } from 'node:crypto';
import { setImmediate as breathe, setTimeout as sleep } from 'node:timers/promises';
import { GatewayError } from '../../base/errors/gateway-error.js';
import type { EmbeddingAttempt, EmbeddingProvider, Embeddings } from '../embedding/embedding-provider.js';
import type { EmbeddingInput } from '../embedding/embedding-request.js';
import { encodeVector, type Vector } from '../embedding/vector.js';
import { failureOfStatus, refusal } from '../map-status.js';
import type { UpstreamFailure } from '../upstream-failure.js';
import { parseSandboxEmbeddingOptions } from './sandbox-options.js';
import { blameless } from './sandbox-text-provider.js';
import { countTokens } from './sandbox-tokens.js';

const DIMENSIONS = 256;
const MOST_DIMENSIONS = 4_096;
const BYTES_PER_NUMBER = 4;
/** Numbers that are made before other work of the process gets its turn. */
const TURN_NUMBERS = 32_768;

/**
 * Unit vectors that depend on nothing but the input; fewer numbers are the beginning of more, at unit length again. A
 * requested failure is never the target's fault.
 */
export class SandboxEmbeddingProvider implements EmbeddingProvider {
  async embed({ request, signal, onSent, beforeSending }: EmbeddingAttempt): Promise<Embeddings> {
    const { input, format, dimensions = DIMENSIONS, modelOptions } = request;
    const { ttftMs, errorStatus, noUsage } = parseSandboxEmbeddingOptions(modelOptions);
    if (beforeSending) await beforeSending();
    signal.throwIfAborted();
    onSent();
    if (ttftMs > 0) await sleep(ttftMs, undefined, { signal });
    if (errorStatus !== undefined) throw blameless(failureOfStatus(errorStatus));
    if (dimensions > MOST_DIMENSIONS) throw tooMany();

    const vectors: Vector[] = [];
    let numbers = 0;
    for (const text of wordsOf(input)) {
      const vector = unitVector(text, dimensions);
      vectors.push(format === 'base64' ? encodeVector(vector) : vector);
      numbers += dimensions;
      if (numbers < TURN_NUMBERS) continue;
      numbers = 0;
      await breathe(undefined, { signal });
    }
    return { vectors, inputTokens: noUsage ? undefined : tokensIn(input) };
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  destroy(): Promise<void> {
    return Promise.resolve();
  }
}

/** No text and no list of tokens share their words. */
function* wordsOf(input: EmbeddingInput): Generator<string, void, undefined> {
  if ('texts' in input) for (const text of input.texts) yield `text ${text}`;
  else for (const tokens of input.tokens) yield `tokens ${tokens.join(' ')}`;
}

/** Numbers that a float32 holds exactly, so that both formats say the same. */
function unitVector(text: string, dimensions: number): readonly number[] {
  const bytes = createHash('shake256', { outputLength: dimensions * BYTES_PER_NUMBER })
    .update(text)
    .digest();
  // Odd numbers, hence none is zero.
  const numbers = Array.from(
    { length: dimensions },
    (_, index) => bytes.readInt32LE(index * BYTES_PER_NUMBER) | 1,
  );
  const length = Math.hypot(...numbers);
  return numbers.map((number) => Math.fround(number / length));
}

function tokensIn(input: EmbeddingInput): number {
  return 'texts' in input
    ? input.texts.reduce((sum, text) => sum + countTokens(text), 0)
    : input.tokens.reduce((sum, { length }) => sum + length, 0);
}

function tooMany(): UpstreamFailure {
  return refusal(
    new GatewayError('invalid_value', `\`dimensions\` must be between 1 and ${MOST_DIMENSIONS}.`, {
      param: 'dimensions',
    }),
  );
}
