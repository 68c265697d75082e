import { describe, expect, it } from '@jest/globals';
import type { JsonObject } from '../../../src/base/json.js';
import { convertOperation, convertSubmitted } from '../../../src/providers/google/convert-operation.js';
import { convertSubmission } from '../../../src/providers/google/convert-submission.js';
import { UpstreamFailure } from '../../../src/providers/upstream-failure.js';
import { submissionOf } from '../video/video-fixture.js';

const NAME = 'models/veo-3.1-generate-preview/operations/abc123';
const FILE = 'https://generativelanguage.googleapis.com/v1beta/files/xyz789:download?alt=media';

function sample(uri: unknown): JsonObject {
  return { generateVideoResponse: { generatedSamples: [{ video: { uri: uri as string } }] } };
}

describe('a submission', () => {
  it('has only what was asked for', () => {
    expect(convertSubmission(submissionOf({ seconds: undefined }))).toEqual({
      instances: [{ prompt: 'A cat on a mat' }],
      parameters: { sampleCount: 1 },
    });
  });

  it('has everything that was asked for', () => {
    const bytes = Buffer.from('picture');
    const submission = submissionOf({
      size: '1080x1920',
      aspectRatio: '9:16',
      image: { bytes, mediaType: 'image/jpeg' },
      seed: 7,
      negativePrompt: 'dogs',
    });
    expect(convertSubmission(submission)).toEqual({
      instances: [
        {
          prompt: 'A cat on a mat',
          image: { bytesBase64Encoded: bytes.toString('base64'), mimeType: 'image/jpeg' },
        },
      ],
      parameters: {
        sampleCount: 1,
        durationSeconds: 8,
        aspectRatio: '9:16',
        resolution: '1080p',
        seed: 7,
        negativePrompt: 'dogs',
      },
    });
  });

  it.each<[string, object]>([
    ['1280x720', { aspectRatio: '16:9', resolution: '720p' }],
    ['720x1280', { aspectRatio: '9:16', resolution: '720p' }],
    ['3840x2160', { aspectRatio: '16:9', resolution: '4k' }],
    ['1024x1024', { aspectRatio: '1:1' }],
  ])('of size %s says it in the words of this wire', (size, parameters) => {
    const { parameters: said } = convertSubmission(submissionOf({ size, seconds: undefined }));
    expect(said).toEqual({ sampleCount: 1, ...parameters });
  });
});

describe('an operation', () => {
  it.each<[JsonObject, object]>([
    [{}, { state: 'processing' }],
    [
      { done: false, metadata: { progressPercent: 40 } },
      { state: 'processing', progress: 40 },
    ],
    [{ done: 'true' }, { state: 'processing' }],
    [
      { done: true, response: sample(FILE) },
      { state: 'completed', progress: 100, content: { file: 'xyz789' } },
    ],
    [
      { done: true, response: { generatedSamples: [{ video: { uri: 'https://proxy.test/a/files/f-1' } }] } },
      { state: 'completed', content: { file: 'f-1' } },
    ],
    [
      { done: true, response: sample('files/f-1') },
      { state: 'completed', content: { file: 'f-1' } },
    ],
    [
      { done: true, response: sample('https://storage.test/bucket/a.mp4?sig=1') },
      { state: 'completed', content: { uri: 'https://storage.test/bucket/a.mp4?sig=1' } },
    ],
  ])('%j is %j', (fields, snapshot) => {
    expect(convertOperation({ name: NAME, ...fields }, NAME)).toMatchObject({
      upstreamId: NAME,
      ...snapshot,
    });
  });

  it.each<[JsonObject, string]>([
    [{ error: { code: 1, message: 'SECRET' } }, 'cancelled'],
    [{ error: { code: 3, message: 'SECRET' } }, 'invalid_value'],
    [{ error: { code: 4, message: 'SECRET' } }, 'upstream_timeout'],
    [{ error: { code: 8, message: 'SECRET' } }, 'rate_limit_exceeded'],
    [{ error: { code: 13, message: 'SECRET' } }, 'upstream_error'],
    [{ error: { message: 'SECRET' } }, 'upstream_error'],
    [{ response: { generateVideoResponse: { raiMediaFilteredCount: 1 } } }, 'content_filter'],
    [{ response: { generateVideoResponse: { raiMediaFilteredReasons: ['SECRET'] } } }, 'content_filter'],
    [{ response: { generateVideoResponse: { generatedSamples: [] } } }, 'upstream_error'],
    [{ response: sample('SECRET') }, 'upstream_error'],
    [{ response: sample(5) }, 'upstream_error'],
    [{ response: sample(`https://a.test/${'x'.repeat(5_000)}`) }, 'upstream_error'],
    [{ response: { generateVideoResponse: { generatedSamples: [null] } } }, 'upstream_error'],
    [{ response: { generateVideoResponse: { generatedSamples: 'SECRET' } } }, 'upstream_error'],
    [{ response: 'SECRET' }, 'upstream_error'],
    [{}, 'upstream_error'],
  ])('that is done with %j failed: %s', (fields, code) => {
    const snapshot = convertOperation({ name: NAME, done: true, ...fields }, NAME);
    expect(snapshot).toMatchObject({ state: 'failed', error: { code } });
    expect(JSON.stringify(snapshot)).not.toContain('SECRET');
  });

  it('is refused when it is another one', () => {
    expect(() => convertOperation({ name: `${NAME}4`, done: true }, NAME)).toThrow(UpstreamFailure);
  });
});

describe('the answer to a submission', () => {
  it('is the name of an operation', () => {
    expect(convertSubmitted({ name: NAME })).toEqual({ upstreamId: NAME, state: 'queued' });
    expect(convertSubmitted({ name: NAME, done: true, response: sample(FILE) })).toMatchObject({
      state: 'completed',
    });
  });

  it.each([
    undefined,
    5,
    '',
    'operations/abc',
    'models/veo/operations/..',
    'models/../operations/abc',
    'models/veo/operations/a/b',
    'models/veo/operations/a?key=1',
    `models/veo/operations/${'x'.repeat(300)}`,
  ])('is of no use with %j for a name', (name) => {
    expect(() => convertSubmitted({ name })).toThrow(UpstreamFailure);
  });
});
