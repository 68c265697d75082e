import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { EmbeddingRequest } from '../../../src/providers/embedding/embedding-request.js';
import { decodeVector } from '../../../src/providers/embedding/vector.js';
import { SandboxEmbeddingProvider } from '../../../src/providers/sandbox/sandbox-embedding-provider.js';
import { parseSandboxEmbeddingOptions } from '../../../src/providers/sandbox/sandbox-options.js';
import { UpstreamFailure } from '../../../src/providers/upstream-failure.js';
import { embeddingAttemptFor } from '../embedding/embedding-fixture.js';
import { settingsFor, targetFor } from '../support.js';

const provider = new SandboxEmbeddingProvider();
const target = targetFor(settingsFor('', { type: 'sandbox' }));
const embed = (overrides: Partial<EmbeddingRequest> = {}, signal = new AbortController().signal) =>
  provider.embed(embeddingAttemptFor(target, overrides, { signal }));

async function vectorOf(text: string, more: Partial<EmbeddingRequest> = {}): Promise<readonly number[]> {
  const { vectors } = await embed({ input: { texts: [text] }, ...more });
  return vectors[0] as readonly number[];
}

describe('the embedding of the sandbox', () => {
  it('is a unit vector of as many numbers as are asked for, the same for the same text', async () => {
    const dimensions = fc.option(fc.integer({ min: 1, max: 4_096 }), { nil: undefined });
    await fc.assert(
      fc.asyncProperty(fc.string({ minLength: 1 }), dimensions, async (text, count) => {
        const vector = await vectorOf(text, { dimensions: count });
        expect(vector).toHaveLength(count ?? 256);
        expect(Math.hypot(...vector)).toBeCloseTo(1, 5);
        expect(await vectorOf(text, { dimensions: count })).toEqual(vector);
      }),
      { numRuns: 30 },
    );
  });

  it('does not change from release to release', async () => {
    expect(await vectorOf('one', { dimensions: 2 })).toEqual([-0.7125498652458191, 0.7016214728355408]);
  });

  it('says the same in both formats', async () => {
    const { vectors } = await embed({ format: 'base64' });
    expect(vectors.map((text) => decodeVector(text as string))).toEqual((await embed()).vectors);
  });

  it('tells other texts, and token ids, apart', async () => {
    const texts = ['one', 'two', ' one', '1 2'];
    const { vectors } = await embed({ input: { texts } });
    const { vectors: ofTokens } = await embed({ input: { tokens: [[1, 2], [12]] } });
    expect(new Set([...vectors, ...ofTokens].map((vector) => JSON.stringify(vector))).size).toBe(6);
  });

  it('counts its own tokens, or none', async () => {
    expect((await embed({ input: { texts: ['one two', 'three'] } })).inputTokens).toBe(3);
    expect((await embed({ input: { tokens: [[1, 2], [3]] } })).inputTokens).toBe(3);
    expect((await embed({ modelOptions: 'no_usage' })).inputTokens).toBeUndefined();
  });

  it('refuses as it is asked to, and too many numbers', async () => {
    const failure = (overrides: Partial<EmbeddingRequest>) =>
      embed(overrides).catch((thrown: unknown) => thrown);
    expect(await failure({ modelOptions: 'error=503' })).toMatchObject({
      error: { code: 'upstream_unavailable' },
      options: { targetFault: false },
    });
    const tooMany = await failure({ dimensions: 4_097 });
    expect(tooMany).toBeInstanceOf(UpstreamFailure);
    expect(tooMany).toMatchObject({ error: { code: 'invalid_value', param: 'dimensions' } });
  });

  it('waits as long as it is asked to, unless the client leaves', async () => {
    const leaving = new AbortController();
    const asked = embed({ modelOptions: 'ttft=600000' }, leaving.signal);
    leaving.abort();
    await expect(asked).rejects.toMatchObject({ name: 'AbortError' });
  });

  it('lets other work go on while it makes many', async () => {
    const texts = new Array<string>(2_048).fill('a');
    let turns = 0;
    let isOver = false;
    const others = (): void => {
      turns += 1;
      if (!isOver) setImmediate(others);
    };
    setImmediate(others);
    await embed({ input: { texts }, dimensions: 512 });
    isOver = true;
    expect(turns).toBeGreaterThan(10);
  });
});

describe('the options of embeddings of the sandbox', () => {
  it('are fewer than those of texts', () => {
    expect(parseSandboxEmbeddingOptions('ttft=5,error=429,no_usage')).toMatchObject({
      ttftMs: 5,
      errorStatus: 429,
      noUsage: true,
    });
    for (const option of ['tokens=1', 'delay=1', 'fail_after=1', 'hang_after=1', 'ttft=x'])
      expect(() => parseSandboxEmbeddingOptions(option)).toThrow(/: ttft=N, error=N, no_usage\.$/);
  });
});
