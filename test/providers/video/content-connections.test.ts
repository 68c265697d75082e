import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { ProviderSettings } from '../../../src/catalog/model.js';
import { GoogleVideoProvider } from '../../../src/providers/google/google-video-provider.js';
import { OpenAiVideoProvider } from '../../../src/providers/openai/video/openai-video-provider.js';
import type { VideoProvider } from '../../../src/providers/video/video-provider.js';
import { startScriptedUpstream, type ScriptedUpstream } from '../../support/scripted-upstream.js';
import { settingsFor, targetFor } from '../support.js';
import { jobAt, NEVER, PUBLIC_ONLY, serve } from './video-fixture.js';

const OPERATION = 'models/veo/operations/up1';
let upstream: ScriptedUpstream;
let provider: VideoProvider | undefined;

beforeAll(async () => {
  upstream = await startScriptedUpstream();
});
afterEach(() => provider?.destroy());
afterAll(() => upstream.close());

describe('a download that nobody reads', () => {
  it.each<[string, (settings: ProviderSettings) => VideoProvider, string]>([
    ['OpenAI’s', (settings) => new OpenAiVideoProvider(settings, PUBLIC_ONLY), 'up_1'],
    ['Google’s', (settings) => new GoogleVideoProvider(settings, PUBLIC_ONLY), OPERATION],
  ])('does not keep jobs from being asked for on %s wire', async (_whose, connect, id) => {
    const settings = settingsFor(upstream.url, { maxConnections: 1 });
    provider = connect(settings);
    const job = jobAt(targetFor(settings), id, { file: 'f-1' });
    upstream
      .next(serve(200, { 'content-type': 'video/mp4' }, Buffer.alloc(1_000_000)))
      .next((exchange) => exchange.json({ id, name: id, status: 'in_progress' }));
    const content = await provider.content(job, { variant: 'video' }, NEVER);
    if (content === 'gone') throw new Error('it is gone');
    expect(await provider.find(job, AbortSignal.timeout(30_000))).toMatchObject({ state: 'processing' });
    content.body.destroy();
    await provider.close();
  });
});
