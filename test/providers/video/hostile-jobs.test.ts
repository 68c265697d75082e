import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { JsonObject, JsonValue } from '../../../src/base/json.js';
import * as google from '../../../src/providers/google/convert-operation.js';
import * as openai from '../../../src/providers/openai/video/convert-video.js';
import { UpstreamFailure } from '../../../src/providers/upstream-failure.js';
import type { VideoSnapshot } from '../../../src/providers/video/video-provider.js';

const NAME = 'models/veo/operations/op1';
const CODES = [
  'cancelled',
  'canceled',
  'expired',
  'rejected',
  'content_filter',
  'invalid_value',
  'rate_limit_exceeded',
  'upstream_timeout',
  'upstream_error',
];

/** Anything at all, and often something under the names that are looked at. */
function objectsWith(...names: readonly string[]): fc.Arbitrary<JsonObject> {
  const value = fc.jsonValue({ maxDepth: 4 }) as fc.Arbitrary<JsonValue>;
  const words = fc.constantFrom<JsonValue>(
    'completed',
    'failed',
    'queued',
    'cancelled',
    true,
    5,
    -1,
    1e300,
    '8',
  );
  return fc.dictionary(fc.constantFrom(...names, 'other'), fc.oneof(value, words));
}

function snapshotOf(convert: () => VideoSnapshot): VideoSnapshot | undefined {
  try {
    return convert();
  } catch (failure) {
    expect(failure).toBeInstanceOf(UpstreamFailure);
    return undefined;
  }
}

function expectSound(snapshot: VideoSnapshot | undefined, upstreamId: string): void {
  if (!snapshot) return;
  expect(snapshot.upstreamId).toBe(upstreamId);
  expect(['queued', 'processing', 'completed', 'failed']).toContain(snapshot.state);
  expect(snapshot.error === undefined).toBe(snapshot.state !== 'failed');
  if (snapshot.error) expect(CODES).toContain(snapshot.error.code);
  const { progress, producedSeconds, expiresAtMs, unknownState } = snapshot;
  if (progress !== undefined)
    expect(Number.isInteger(progress) && progress >= 0 && progress <= 100).toBe(true);
  // A price is computed of it: whole milliseconds, never the 5e-324 of somebody's JSON.
  if (producedSeconds !== undefined) expect(producedSeconds >= 0.001 && producedSeconds <= 86_400).toBe(true);
  if (expiresAtMs !== undefined) expect(Number.isSafeInteger(expiresAtMs)).toBe(true);
  if (unknownState !== undefined) expect(unknownState).toMatch(/^[A-Za-z0-9_-]{0,32}$/);
}

describe('whatever an upstream says of a job', () => {
  it('on OpenAI’s wire, is a sound state of this job, or a failure of the upstream', () => {
    const videos = objectsWith('status', 'progress', 'seconds', 'expires_at', 'error', 'id');
    fc.assert(
      fc.property(videos, fc.boolean(), (video, own) => {
        const answer = own ? { ...video, id: 'up_1' } : video;
        expectSound(
          snapshotOf(() => openai.convertVideo(answer, 'up_1')),
          'up_1',
        );
        if (own) expectSound(openai.convertSubmitted(answer), 'up_1');
      }),
      { numRuns: 1_000 },
    );
  });

  it('on Google’s wire, too', () => {
    const operations = objectsWith('done', 'error', 'response', 'metadata', 'name');
    const results = objectsWith('generatedSamples', 'raiMediaFilteredCount', 'raiMediaFilteredReasons');
    fc.assert(
      fc.property(operations, results, fc.boolean(), (operation, result, own) => {
        const response = { generateVideoResponse: result };
        const answer = own ? { response, ...operation, name: NAME } : operation;
        expectSound(
          snapshotOf(() => google.convertOperation(answer, NAME)),
          NAME,
        );
        if (own) expectSound(google.convertSubmitted(answer), NAME);
      }),
      { numRuns: 1_000 },
    );
  });
});
