import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { OpenAiVideoProvider } from '../../../src/providers/openai/video/openai-video-provider.js';
import { UpstreamFailure } from '../../../src/providers/upstream-failure.js';
import type { ContentRequest, VideoContent } from '../../../src/providers/video/video-provider.js';
import { startScriptedUpstream, type ScriptedUpstream } from '../../support/scripted-upstream.js';
import { settingsFor, targetFor } from '../support.js';
import { BYTES, bytesOf, failureOf, jobAt, NEVER, PUBLIC_ONLY, serve } from './video-fixture.js';

let upstream: ScriptedUpstream;
let provider: OpenAiVideoProvider;

beforeAll(async () => {
  upstream = await startScriptedUpstream();
});
beforeEach(() => {
  upstream.reset();
  provider = new OpenAiVideoProvider(settingsFor(upstream.url), PUBLIC_ONLY);
});
afterEach(() => provider.destroy());
afterAll(() => upstream.close());

function get(request: Partial<ContentRequest>): Promise<VideoContent | 'gone'> {
  const job = jobAt(targetFor(settingsFor(upstream.url)), 'up_1');
  return provider.content(job, { variant: 'video', ...request }, NEVER);
}

async function found(request: Partial<ContentRequest>): Promise<VideoContent> {
  const content = await get(request);
  if (content === 'gone') throw new Error('it is gone');
  return content;
}

const mp4 = { 'content-type': 'video/mp4' };
const part = { ...mp4, 'content-range': 'bytes 0-4/1000' };

describe('a part that an upstream sends without its length', () => {
  it('never has more bytes than it says', async () => {
    upstream.next(serve(206, part));
    const { contentLength, body } = await found({ range: 'bytes=0-4' });
    expect(contentLength).toBe(5);
    expect(await bytesOf(body)).toEqual(BYTES.subarray(0, 5));
  });

  it('fails when it has fewer', async () => {
    upstream.next(serve(206, part, BYTES.subarray(0, 3)));
    const { body } = await found({ range: 'bytes=0-4' });
    await expect(bytesOf(body)).rejects.toBeInstanceOf(UpstreamFailure);
  });
});

const DATE = 'Sun, 22 Nov 2026 12:00:00 GMT';
const whole = { ...mp4, 'content-length': '1000', etag: '"a"', 'last-modified': DATE };

describe('a range with a condition', () => {
  it.each(['"a"', DATE])('goes up with it: %s', async (ifRange) => {
    upstream.next(serve(206, { ...part, etag: '"a"', 'last-modified': DATE }, BYTES.subarray(0, 5)));
    const { status, body } = await found({ range: 'bytes=0-4', ifRange });
    expect(status).toBe(206);
    expect(await bytesOf(body)).toEqual(BYTES.subarray(0, 5));
    expect(upstream.requests[0]?.headers).toMatchObject({ range: 'bytes=0-4', 'if-range': ifRange });
  });

  it.each(['"a"', DATE])('that holds is cut out of all the bytes: %s', async (ifRange) => {
    upstream.next(serve(200, whole));
    const { status, body } = await found({ range: 'bytes=5-9', ifRange });
    expect(status).toBe(206);
    expect(await bytesOf(body)).toEqual(BYTES.subarray(5, 10));
  });

  it.each(['"b"', 'Sun, 22 Nov 2026 12:00:01 GMT'])(
    'that does not hold is all of it: %s',
    async (ifRange) => {
      upstream.next(serve(200, whole));
      const { status, body } = await found({ range: 'bytes=5-9', ifRange });
      expect(status).toBe(200);
      expect(await bytesOf(body)).toEqual(BYTES);
    },
  );

  it.each(['W/"a"', 'nonsense', ''])('that can never hold does not go up: %s', async (ifRange) => {
    upstream.next(serve(200, whole));
    const { status, body } = await found({ range: 'bytes=5-9', ifRange });
    expect(status).toBe(200);
    body.destroy();
    expect(upstream.requests[0]?.headers).not.toHaveProperty('range');
    expect(upstream.requests[0]?.headers).not.toHaveProperty('if-range');
  });

  it('is not answered with a part of something else', async () => {
    upstream.next(serve(206, { ...part, etag: '"b"' }, BYTES.subarray(0, 5)));
    const failure = await failureOf(get({ range: 'bytes=0-4', ifRange: '"a"' }));
    expect(failure).toMatchObject({ code: 'upstream_error' });
  });
});
