import { afterAll, beforeAll, beforeEach, expect } from '@jest/globals';
import { AddressGuard } from '../../../src/providers/http/address-guard.js';
import { GuardedClient } from '../../../src/providers/http/guarded-client.js';
import { nameServers } from '../../../src/providers/http/resolve-host.js';
import { ImageFetch } from '../../../src/providers/image/image-fetch.js';
import type { VideoImage } from '../../../src/providers/video/video-provider.js';
import { startNameServer, type NameServer } from '../../support/name-server.js';
import { ImageHost } from './image-host.js';

interface FetcherOptions {
  readonly allow?: readonly string[];
  readonly timeoutMs?: number;
  readonly atOnce?: number;
  readonly heldBytes?: number;
  /** Whether the certificate of the test is. */
  readonly trusted?: boolean;
}

/** A server for images, a name server that knows it as images.test, and fetchers that ask this name server. */
export class ImageFixture {
  readonly host = new ImageHost('images.test');
  names!: NameServer;

  constructor() {
    beforeAll(async () => {
      await this.host.listen();
      this.names = await startNameServer();
    });
    beforeEach(() => {
      this.host.reset();
      this.names.set('images.test', ['127.0.0.1']);
    });
    afterAll(async () => {
      await this.host.close();
      await this.names.close();
    });
  }

  at(path: string, name = 'images.test'): string {
    return `https://${name}:${this.host.port}${path}`;
  }

  fetcher({
    allow = ['127.0.0.1/32'],
    // Nothing is said about speed: machines may be busy.
    timeoutMs = 60_000,
    atOnce = 8,
    heldBytes = Infinity,
    trusted = true,
  }: FetcherOptions = {}): ImageFetch {
    const resolve = nameServers([this.names.address]);
    const tls = trusted ? { ca: this.host.authority.cert } : {};
    return new ImageFetch(new GuardedClient(new AddressGuard(allow), resolve, tls), {
      allow,
      timeoutMs,
      atOnce,
      heldBytes,
    });
  }

  fetch(url: string, options: FetcherOptions = {}): Promise<VideoImage> {
    return this.fetcher(options).fetch(url, 'image_url', new AbortController().signal);
  }

  /** What is said of an image that is refused. */
  async refusalOf(url: string, options: FetcherOptions = {}): Promise<string> {
    const failure: unknown = await this.fetch(url, options).catch((reason: unknown) => reason);
    expect(failure).toMatchObject({ code: 'invalid_value', status: 400, param: 'image_url' });
    return (failure as Error).message;
  }
}
