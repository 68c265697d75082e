import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { OpenAiVideoProvider } from '../../../src/providers/openai/video/openai-video-provider.js';
import { UpstreamFailure } from '../../../src/providers/upstream-failure.js';
import type { ContentRequest, VideoContent } from '../../../src/providers/video/video-provider.js';
import { startScriptedUpstream, type ScriptedUpstream } from '../../support/scripted-upstream.js';
import { settingsFor, targetFor } from '../support.js';
import { BYTES, bytesOf, jobAt, NEVER, PUBLIC_ONLY, serve } from './video-fixture.js';

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
