import { createServer, type AddressInfo, type Server } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Catalog } from '../../src/catalog/catalog.service.js';
import type { ProviderSettings } from '../../src/catalog/model.js';
import { profileNameOf, profileOf } from '../../src/catalog/provider-profiles.js';
import { SANDBOX_CATALOGUE } from '../../src/config/sandbox-catalogue.js';
import { checkModelOptions } from '../../src/providers/check-model-options.js';
import type { Dialect } from '../../src/providers/dialect.js';
import { adaptersOf, DIALECTS } from '../../src/providers/dialects.js';
import { EmbeddingProviders } from '../../src/providers/embedding-providers.js';
import { TextProviders } from '../../src/providers/text-providers.js';
import { UpstreamFailure } from '../../src/providers/upstream-failure.js';
import { VideoProviders } from '../../src/providers/video-providers.js';
import { problemsOf, read } from '../config/gateway-file-text.js';
import { cleanUpDirectories } from '../config/temporary-directory.js';
import { embeddingAttemptFor } from './embedding/embedding-fixture.js';
import { attemptFor, imageFetch, outcomeOf, settingsFor, targetFor } from './support.js';
import { failureOf, NEVER, submissionOf } from './video/video-fixture.js';

cleanUpDirectories();

const entries: readonly (readonly [string, Dialect])[] = Object.entries(DIALECTS);
const texts = new TextProviders(imageFetch());
const embeddings = new EmbeddingProviders();
const videos = new VideoProviders();
/** Takes whoever connects to it, and hangs up. */
let upstream: Server;
let callers = 0;

beforeAll(async () => {
  upstream = createServer((socket) => {
    callers += 1;
    socket.destroy();
  });
  await new Promise<void>((resolve) => upstream.listen(0, '127.0.0.1', resolve));
});
beforeEach(() => {
  callers = 0;
});
afterAll(async () => {
  await Promise.all([texts.close(), embeddings.close(), videos.close()]);
  await new Promise((resolve) => upstream.close(resolve));
});

function fileOf(type: string, fields: string, models = '[]'): string {
  return `providers: [{id: up, type: ${type}${fields}}]\nmodels: ${models}\n`;
}

function configured(type: string, fields = ''): ProviderSettings {
  const provider = read(fileOf(type, fields)).catalog.providers.get('up');
  if (!provider) throw new Error('there is no provider');
  return provider;
}

function atUpstream(type: string): ProviderSettings {
  return configured(type, `, base_url: "http://127.0.0.1:${(upstream.address() as AddressInfo).port}"`);
}

describe.each(entries)('the dialect %s', (type, { defaults, embedding, video, listModels }) => {
  it('is configured by its name alone', () => {
    const { profile = profileNameOf(defaults.baseUrl), ...settings } = defaults;
    expect(configured(type)).toMatchObject({ ...profileOf(profile), ...settings, type, id: 'up' });
  });

  it('asks its provider for text', async () => {
    const provider = atUpstream(type);
    const attempt = attemptFor(targetFor(provider));
    const { failure } = await outcomeOf(texts.providerOf(provider).generate(attempt));
    expect(failure).toBeInstanceOf(UpstreamFailure);
    expect(callers).toBeGreaterThan(0);
  });

  it('asks its provider for videos, or makes none', async () => {
    const model = '[{id: v, kind: video, targets: [{provider: up, model: v}], pricing: free}]';
    const refused = (words: string) => [`models[0].targets: the provider up ${words}`];
    const alone = problemsOf(fileOf(type, '', model));
    const provider = atUpstream(type);
    if (!video) {
      expect(alone).toEqual(refused('makes no videos'));
      expect(() => videos.providerOf(provider)).toThrow('The provider up makes no videos.');
      return;
    }
    expect(alone).toEqual(video.byWire ? refused('must have videos among its wires') : []);
    expect(problemsOf(fileOf(type, ', wires: [videos]', model))).toEqual([]);
    await failureOf(videos.providerOf(provider).submit(submissionOf(), targetFor(provider), NEVER));
    expect(callers).toBeGreaterThan(0);
  });

  it('asks its provider for embeddings, or makes none', async () => {
    const model = '[{id: e, kind: embedding, targets: [{provider: up, model: e}], pricing: free}]';
    const refused = (words: string) => [`models[0].targets: the provider up ${words}`];
    const provider = atUpstream(type);
    if (!embedding) {
      expect(problemsOf(fileOf(type, '', model))).toEqual(refused('makes no embeddings'));
      expect(() => embeddings.providerOf(provider)).toThrow('The provider up makes no embeddings.');
      return;
    }
    expect(problemsOf(fileOf(type, '', model))).toEqual([]);
    const withoutWire = problemsOf(fileOf(type, ', wires: [chat]', model));
    expect(withoutWire).toEqual(embedding.byWire ? refused('must have embeddings among its wires') : []);
    await failureOf(embeddings.providerOf(provider).embed(embeddingAttemptFor(targetFor(provider))));
    expect(callers).toBeGreaterThan(0);
  });

  it('takes idempotent_videos where they depend on the provider', () => {
    const problems = problemsOf(fileOf(type, ', wires: [videos], idempotent_videos: true'));
    const refused = expect.stringMatching(/^providers\[0\]\.idempotent_videos: is for a provider of type /);
    expect(problems).toEqual(video?.byWire === true ? [] : [refused]);
  });

  it('asks its provider for its models, or takes no discover', async () => {
    const problems = problemsOf(fileOf(type, ', discover: {}'));
    if (!listModels) {
      expect(problems).toEqual([
        expect.stringMatching(/^providers\[0\]\.discover: is for a provider of type /),
      ]);
      return;
    }
    expect(problems).toEqual([]);
    await expect(listModels(atUpstream(type), NEVER)).rejects.toBeInstanceOf(UpstreamFailure);
    expect(callers).toBeGreaterThan(0);
  });
});

describe('a dialect', () => {
  it('is whole, or does not compile', () => {
    const { defaults, text } = DIALECTS.openai;
    // @ts-expect-error Nothing would speak to the providers of a file that names it.
    const silent: Dialect = { defaults };
    // @ts-expect-error No file could name it.
    const nameless: Dialect = { text };
    // @ts-expect-error Models for videos would be taken, and nothing would make them.
    const videoless: Dialect = { defaults, text, video: { byWire: false } };
    expect([silent.text, nameless.defaults, videoless.video?.connect]).toEqual(Array(3).fill(undefined));
  });

  it('that is not there has no adapters', () => {
    expect(() => adaptersOf(settingsFor('http://127.0.0.1:1', { type: 'morse' }))).toThrow(
      'no dialect morse',
    );
  });

  it('of the sandbox is not for a file, and knows the options of its models by their kind', () => {
    expect(problemsOf(fileOf('sandbox', ''))).toEqual([
      expect.stringContaining('providers[0].type: must be'),
    ]);
    const catalog = new Catalog(SANDBOX_CATALOGUE);
    const check = (name: string) => () =>
      checkModelOptions(
        name.startsWith('sandbox/video')
          ? catalog.resolveVideo(name)
          : name.startsWith('sandbox/embedding')
            ? catalog.resolveEmbedding(name)
            : catalog.resolveText(name),
      );
    for (const name of [
      'sandbox/echo',
      'sandbox/echo:tokens=3',
      'sandbox/embedding:ttft=3',
      'sandbox/video:seconds=1',
    ])
      expect(check(name)).not.toThrow();
    for (const name of ['sandbox/echo:seconds=1', 'sandbox/embedding:tokens=3', 'sandbox/video:tokens=3'])
      expect(check(name)).toThrow('malformed option');
  });
});
