import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { ProviderSettings, Target } from '../../../src/catalog/model.js';
import type { JsonObject } from '../../../src/base/json.js';
import { AddressGuard } from '../../../src/providers/http/address-guard.js';
import { GuardedClient } from '../../../src/providers/http/guarded-client.js';
import { GoogleVideoProvider } from '../../../src/providers/google/google-video-provider.js';
import {
  startScriptedUpstream,
  type Handler,
  type ScriptedUpstream,
} from '../../support/scripted-upstream.js';
import type { VideoSnapshot } from '../../../src/providers/video/video-provider.js';
import { image, ImageHost } from '../image/image-host.js';
import { settingsFor, targetFor } from '../support.js';
import {
  BYTES,
  bytesOf,
  failureOf,
  jobAt,
  NEVER,
  PUBLIC_ONLY,
  serve,
  submissionOf,
} from '../video/video-fixture.js';

const NAME = 'models/veo-3.1/operations/abc123';
const elsewhere = new ImageHost();
const providers: GoogleVideoProvider[] = [];
let upstream: ScriptedUpstream;

beforeAll(async () => {
  await elsewhere.listen();
  upstream = await startScriptedUpstream();
});
beforeEach(() => {
  upstream.reset();
  elsewhere.reset();
});
afterAll(async () => {
  await Promise.all(providers.map((provider) => provider.destroy()));
  await upstream.close();
  await elsewhere.close();
});

/** At the address of the endpoint that speaks OpenAI's wire, as the catalog has it. */
function connect(overrides: Partial<ProviderSettings> = {}, client = PUBLIC_ONLY) {
  const settings = settingsFor(`${new URL(upstream.url).origin}/v1beta/openai`, {
    type: 'google',
    ...overrides,
  });
  const provider = new GoogleVideoProvider(settings, client);
  providers.push(provider);
  const target: Target = targetFor(settings, { upstreamModel: 'veo-3.1' });
  return { provider, target, job: jobAt(target, NAME) };
}

function submit(settings: Partial<ProviderSettings> = {}) {
  const { provider, target } = connect(settings);
  return provider.submit(submissionOf(), target, NEVER);
}

const error =
  (status: number, fields: JsonObject = {}): Handler =>
  (exchange) =>
    exchange.json({ error: { code: status, message: 'SECRET', ...fields } }, status);

describe('a submission', () => {
  it('begins a long-running operation, with the key in a header only', async () => {
    upstream.next((exchange) => exchange.json({ name: NAME }));
    expect(await submit()).toEqual({ upstreamId: NAME, state: 'queued' });
    expect(upstream.requests[0]).toMatchObject({
      method: 'POST',
      path: '/v1beta/models/veo-3.1:predictLongRunning',
      headers: { 'x-goog-api-key': 'upstream-key', 'content-type': 'application/json' },
      body: { instances: [{ prompt: 'A cat on a mat' }] },
    });
    expect(upstream.requests[0]?.headers).not.toHaveProperty('authorization');
  });

  it.each<[string, Handler, object]>([
    ['400', error(400, { status: 'INVALID_ARGUMENT' }), { code: 'invalid_value', refused: true }],
    ['400 about the place', error(400, { status: 'FAILED_PRECONDITION' }), { status: 502, refused: true }],
    [
      '400 about the key',
      error(400, { details: [{ reason: 'API_KEY_INVALID' }] }),
      { status: 502, refused: true },
    ],
    ['402', error(402), { status: 502, refused: true, retryable: false }],
    ['403', error(403), { status: 502, refused: true, retryable: false }],
    ['404', error(404), { status: 502, refused: true, retryable: false }],
    ['429', error(429), { code: 'rate_limit_exceeded', refused: true, retryable: true }],
    ['500', error(500), { code: 'upstream_error', refused: false, retryable: false }],
    ['503', error(503), { code: 'upstream_unavailable', refused: true, retryable: false }],
    ['504', error(504), { code: 'upstream_timeout', refused: false, retryable: false }],
    ['nothing useful', (exchange) => exchange.json({}), { code: 'upstream_error', refused: false }],
    ['a page', (exchange) => exchange.end('<h1>SECRET</h1>'), { code: 'upstream_error', refused: false }],
    ['silence', () => undefined, { code: 'upstream_timeout', refused: false, retryable: false }],
  ])('that gets %s fails', async (name, handler, expected) => {
    upstream.next(handler);
    const failure = await failureOf(submit(name === 'silence' ? { timeoutMs: 1_000 } : {}));
    expect(failure).toMatchObject(expected);
    expect(failure.message).not.toContain('SECRET');
  });
});

describe('an operation', () => {
  it('is asked for by its name', async () => {
    const { provider, job } = connect();
    upstream.next((exchange) => exchange.json({ name: NAME }));
    expect(await provider.find(job, NEVER)).toMatchObject({ state: 'processing' });
    expect(upstream.requests[0]).toMatchObject({ method: 'GET', path: `/v1beta/${NAME}` });
    expect(upstream.requests[0]?.headers['x-goog-api-key']).toBe('upstream-key');
  });

  it('that is done has a file that the provider keeps for two days', async () => {
    const { provider, job } = connect();
    const generatedSamples = [{ video: { uri: 'https://a.test/v1beta/files/f-1:download?alt=media' } }];
    upstream.next((exchange) => exchange.json({ name: NAME, done: true, response: { generatedSamples } }));
    const { state, expiresAtMs = 0 } = (await provider.find(job, NEVER)) as VideoSnapshot;
    expect(state).toBe('completed');
    expect(Math.abs(expiresAtMs - Date.now() - 2 * 86_400_000)).toBeLessThan(60_000);
  });

  it('is gone, or not known', async () => {
    const { provider, job } = connect();
    upstream.next(error(404)).next(error(403)).next(error(500));
    expect(await provider.find(job, NEVER)).toBe('gone');
    expect(await failureOf(provider.find(job, NEVER))).toMatchObject({ code: 'upstream_error' });
    expect(await failureOf(provider.find(job, NEVER))).toMatchObject({ code: 'upstream_error' });
  });

  it('takes its file along when it is removed', async () => {
    const { provider, job } = connect();
    await provider.remove(job, NEVER);
    expect(upstream.requests).toHaveLength(0);
    const done = { ...job, content: { file: 'f-1' } };
    upstream
      .next((exchange) => exchange.json({}))
      .next(error(404))
      .next(error(403))
      .next(error(500));
    for (let times = 0; times < 3; times += 1) await provider.remove(done, NEVER);
    expect(upstream.requests[0]).toMatchObject({ method: 'DELETE', path: '/v1beta/files/f-1' });
    expect(await failureOf(provider.remove(done, NEVER))).toMatchObject({ code: 'upstream_error' });
  });
});

describe('content', () => {
  const request = { variant: 'video', range: undefined } as const;

  it('is downloaded from the provider’s own address, redirects included', async () => {
    const { provider, job } = connect();
    upstream
      .next((exchange) => {
        exchange.head(302, { location: '/download/v1beta/files/f-1?alt=media' });
        exchange.end();
      })
      .next(serve(200, { 'content-type': 'video/mp4' }));
    const content = await provider.content({ ...job, content: { file: 'f-1' } }, request, NEVER);
    if (content === 'gone') throw new Error('it is gone');
    expect(await bytesOf(content.body)).toEqual(BYTES);
    expect(upstream.requests.map(({ path }) => path)).toEqual([
      '/v1beta/files/f-1:download?alt=media',
      '/download/v1beta/files/f-1?alt=media',
    ]);
    for (const { headers } of upstream.requests) expect(headers['x-goog-api-key']).toBe('upstream-key');
  });

  it('at another address is fetched without the key', async () => {
    elsewhere.serve = image('video/mp4', BYTES);
    const trusting = new GuardedClient(new AddressGuard(['127.0.0.1/32']), () => Promise.resolve([]), {
      ca: elsewhere.authority.cert,
    });
    const { provider, job } = connect({}, trusting);
    const uri = `https://127.0.0.1:${elsewhere.port}/bucket/a.mp4`;
    const content = await provider.content({ ...job, content: { uri } }, request, NEVER);
    if (content === 'gone') throw new Error('it is gone');
    expect(await bytesOf(content.body)).toEqual(BYTES);
    expect(JSON.stringify(elsewhere.requests)).not.toContain('upstream-key');
    expect(upstream.requests).toHaveLength(0);
  });

  it.each(['https://169.254.169.254/a.mp4', 'http://example.com/a.mp4', 'data:video/mp4;base64,AAAA'])(
    'at %s is refused',
    async (uri) => {
      const { provider, job } = connect();
      const call = provider.content({ ...job, content: { uri } }, request, NEVER);
      expect(await failureOf(call)).toMatchObject({ code: 'upstream_error' });
    },
  );

  it('that was never named is gone', async () => {
    const { provider, job } = connect();
    expect(await provider.content(job, request, NEVER)).toBe('gone');
  });
});
