import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { AddressGuard } from '../../../src/providers/http/address-guard.js';
import { GuardedClient } from '../../../src/providers/http/guarded-client.js';
import { OpenAiVideoProvider } from '../../../src/providers/openai/video/openai-video-provider.js';
import type { ProviderSettings } from '../../../src/catalog/model.js';
import {
  startScriptedUpstream,
  type Handler,
  type ScriptedUpstream,
} from '../../support/scripted-upstream.js';
import { image, ImageHost } from '../image/image-host.js';
import { settingsFor, targetFor } from '../support.js';
import { BYTES, bytesOf, failureOf, jobAt, NEVER, PUBLIC_ONLY, serve } from './video-fixture.js';

const elsewhere = new ImageHost();
let upstream: ScriptedUpstream;
let providers: OpenAiVideoProvider[];

beforeAll(async () => {
  await elsewhere.listen();
  upstream = await startScriptedUpstream();
});
beforeEach(() => {
  upstream.reset();
  elsewhere.reset();
  providers = [];
});
afterEach(() => Promise.all(providers.map((provider) => provider.destroy())));
afterAll(async () => {
  await upstream.close();
  await elsewhere.close();
});

function get(range?: string, client = PUBLIC_ONLY, overrides: Partial<ProviderSettings> = {}) {
  const settings = settingsFor(upstream.url, overrides);
  const provider = new OpenAiVideoProvider(settings, client);
  providers.push(provider);
  return provider.content(jobAt(targetFor(settings), 'up_1'), { variant: 'video', range }, NEVER);
}

async function bytesFrom(...args: Parameters<typeof get>): Promise<Buffer> {
  const content = await get(...args);
  if (content === 'gone') throw new Error('it is gone');
  return bytesOf(content.body);
}

describe('a redirect', () => {
  const to =
    (location: string, status = 302): Handler =>
    (exchange) => {
      exchange.head(status, { location });
      exchange.end();
    };

  it('within the provider keeps the key and the range', async () => {
    upstream
      .next(to('/blobs/7?sig=a', 307))
      .next(serve(200, { 'content-type': 'video/mp4', 'content-length': '1000' }));
    expect(await bytesFrom('bytes=0-4')).toEqual(BYTES.subarray(0, 5));
    expect(upstream.requests[1]).toMatchObject({
      path: '/blobs/7?sig=a',
      headers: { authorization: 'Bearer upstream-key', range: 'bytes=0-4' },
    });
  });

  it('to another host goes without the key and whatever else is the provider’s', async () => {
    elsewhere.serve = image('video/mp4', BYTES);
    const trusting = new GuardedClient(
      new AddressGuard(['127.0.0.1/32']),
      () => Promise.resolve(['127.0.0.1']),
      { ca: elsewhere.authority.cert },
    );
    upstream.next(to(`https://127.0.0.1:${elsewhere.port}/blob?sig=b`));
    const own = { headers: { 'x-own': 'SECRET' } };
    expect(await bytesFrom('bytes=1-', trusting, own)).toEqual(BYTES);
    expect(elsewhere.requests).toEqual([
      {
        host: `127.0.0.1:${elsewhere.port}`,
        path: '/blob?sig=b',
        headers: {
          host: `127.0.0.1:${elsewhere.port}`,
          connection: 'keep-alive',
          'user-agent': 'slipstream',
          accept: '*/*',
          'accept-encoding': 'identity',
          range: 'bytes=1-',
        },
      },
    ]);
  });

  it.each([
    ['inside', 'https://10.0.0.1/'],
    ['to a metadata service', 'https://169.254.169.254/'],
    ['to plain http', 'http://example.com/'],
    ['to nowhere', 'https://nowhere.invalid/'],
    ['to what is no address', 'https://'],
  ])('%s is refused', async (_where, location) => {
    upstream.next(to(location));
    expect(await failureOf(get())).toMatchObject({ code: 'upstream_error' });
  });

  it('is refused when there are too many', async () => {
    upstream.always(to('/again'));
    expect(await failureOf(get())).toMatchObject({ code: 'upstream_error' });
    expect(upstream.requests).toHaveLength(4);
  });
});
