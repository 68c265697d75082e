import { describe, expect, it } from '@jest/globals';
import type { JsonObject } from '../../../../src/base/json.js';
import { convertSubmitted, convertVideo } from '../../../../src/providers/openai/video/convert-video.js';
import { UpstreamFailure } from '../../../../src/providers/upstream-failure.js';

/** A job as OpenAI shows one. */
function video(fields: JsonObject = {}): JsonObject {
  return {
    id: 'video_68d7',
    object: 'video',
    model: 'sora-2',
    status: 'queued',
    progress: 0,
    created_at: 1_758_941_485,
    completed_at: null,
    expires_at: null,
    prompt: 'A cat',
    size: '1280x720',
    seconds: '8',
    remixed_from_video_id: null,
    error: null,
    ...fields,
  };
}

describe('a job of the upstream', () => {
  it.each([
    ['queued', 'pending', 'submitted'],
    ['processing', 'in_progress', 'processing', 'preprocessing', 'running'],
    ['completed', 'completed', 'complete', 'succeeded', 'success', 'finished', 'done'],
    ['failed', 'failed', 'failure', 'error', 'cancelled', 'expired', 'rejected'],
  ])('is %s under every word for it', (state, ...words) => {
    for (const status of words)
      expect(convertVideo(video({ status }), 'video_68d7')).toMatchObject({ state });
  });

  it.each<[JsonObject, object]>([
    [{}, { state: 'queued', progress: 0 }],
    [
      { status: 'in_progress', progress: 33 },
      { state: 'processing', progress: 33 },
    ],
    [
      { status: 'in_progress', progress: 33.9 },
      { state: 'processing', progress: 33 },
    ],
    [
      { status: 'running', progress: null },
      { state: 'processing', progress: undefined },
    ],
    [
      { status: 'in_progress', progress: 101 },
      { state: 'processing', progress: undefined },
    ],
    [
      { status: 'in_progress', progress: -1 },
      { state: 'processing', progress: undefined },
    ],
    [
      { status: 'in_progress', progress: '50' },
      { state: 'processing', progress: undefined },
    ],
    [
      { status: 'completed', progress: 7, expires_at: 1_758_945_085 },
      { state: 'completed', progress: 100, producedSeconds: 8, expiresAtMs: 1_758_945_085_000 },
    ],
    [
      { status: 'Succeeded', seconds: 4 },
      { state: 'completed', producedSeconds: 4 },
    ],
    [
      { status: 'completed', seconds: '-4' },
      { state: 'completed', producedSeconds: undefined },
    ],
    [
      { status: 'completed', seconds: '1e9' },
      { state: 'completed', producedSeconds: undefined },
    ],
    [
      { status: 'completed', seconds: {} },
      { state: 'completed', producedSeconds: undefined },
    ],
    [
      { status: 'completed', seconds: 5e-324 },
      { state: 'completed', producedSeconds: undefined },
    ],
    [
      { status: 'completed', seconds: 7.99999999999 },
      { state: 'completed', producedSeconds: 8 },
    ],
    [
      { status: 'completed', expires_at: 'soon' },
      { state: 'completed', expiresAtMs: undefined },
    ],
    [{ status: 'moon phase<script>' }, { state: 'processing', unknownState: 'moonphasescript' }],
  ])('%j is %j', (fields, snapshot) => {
    expect(convertVideo(video(fields), 'video_68d7')).toMatchObject({
      upstreamId: 'video_68d7',
      ...snapshot,
    });
  });

  it.each([
    ['failed', { code: 'moderation_blocked', message: 'SECRET' }, 'content_filter'],
    ['failed', { code: 'x', type: 'content_policy_violation' }, 'content_filter'],
    ['failed', { code: 'rate_limit_exceeded' }, 'rate_limit_exceeded'],
    ['failed', { code: 'SECRET', message: 'SECRET' }, 'upstream_error'],
    ['failed', 'SECRET', 'upstream_error'],
    ['failed', null, 'upstream_error'],
    ['cancelled', { code: 'SECRET' }, 'cancelled'],
    ['canceled', null, 'canceled'],
    ['expired', null, 'expired'],
    ['rejected', null, 'rejected'],
  ])('that is %s with %j failed: %s', (status, error, code) => {
    const snapshot = convertVideo(video({ status, error }), 'video_68d7');
    expect(snapshot).toMatchObject({ state: 'failed', error: { code } });
    expect(JSON.stringify(snapshot)).not.toContain('SECRET');
  });

  it.each<[string, JsonObject]>([
    ['another', video({ id: 'video_other' })],
    ['without a state', video({ status: null })],
    ['with a number as its state', video({ status: 5 })],
    ['an error', { error: { message: 'x' } }],
  ])('is refused when it is %s', (_what, answer) => {
    expect(() => convertVideo(answer, 'video_68d7')).toThrow(UpstreamFailure);
  });
});

describe('the answer to a submission', () => {
  it('is a job already when it has nothing but an id', () => {
    expect(convertSubmitted({ id: 'job-1' })).toEqual({ upstreamId: 'job-1', state: 'queued' });
    expect(convertSubmitted(video({ status: 'completed' }))).toMatchObject({ state: 'completed' });
  });

  it.each([undefined, null, 5, '', '..', '.', 'a/b', 'a?b', 'a b', 'ü', 'x'.repeat(513)])(
    'is of no use with %j for an id',
    (id) => {
      expect(() => convertSubmitted({ ...video(), id })).toThrow(UpstreamFailure);
    },
  );
});
