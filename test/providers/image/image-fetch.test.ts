import { Logger } from '@nestjs/common';
import { describe, expect, it, jest } from '@jest/globals';
import { until } from '../../support/until.js';
import { ImageFixture } from './image-fixture.js';
import { image, JPEG, PNG, redirect, WEBP, type Serve } from './image-host.js';

const images = new ImageFixture();

describe('an image', () => {
  it('is fetched over https from a name, with nothing of anybody else in the request', async () => {
    expect(await images.fetch(images.at('/cat.png?size=1#top'))).toEqual({
      bytes: PNG,
      mediaType: 'image/png',
    });
    expect(images.host.requests).toEqual([
      {
        host: `images.test:${images.host.port}`,
        path: '/cat.png?size=1',
        headers: {
          host: `images.test:${images.host.port}`,
          connection: 'keep-alive',
          'user-agent': 'slipstream',
          accept: 'image/png, image/jpeg, image/webp',
        },
      },
    ]);
    await until(() => images.host.openSockets === 0);
  });

  it('is fetched from an address', async () => {
    expect(await images.fetch(images.at('/cat.png', '127.0.0.1'))).toMatchObject({ mediaType: 'image/png' });
  });

  it.each<[string, Buffer, string]>([
    ['image/jpg', JPEG, 'image/jpeg'],
    ['image/webp; charset=binary', WEBP, 'image/webp'],
    ['IMAGE/PNG', JPEG, 'image/jpeg'],
  ])('served as %s is what its bytes are', async (type, bytes, mediaType) => {
    images.host.serve = image(type, bytes);
    expect(await images.fetch(images.at('/'))).toEqual({ bytes, mediaType });
  });

  it.each([1, 2, 3])('is found behind %d redirects', async (count) => {
    images.host.serve = (request, response) => {
      const step = Number((request.url ?? '').slice(1));
      const next = step < count ? redirect(`/${step + 1}`, 307) : image('image/png', PNG);
      next(request, response);
    };
    expect(await images.fetch(images.at('/0'))).toMatchObject({ mediaType: 'image/png' });
  });

  it.each<[string, Buffer]>([
    ['image/png', PNG],
    ['image/jpeg', JPEG],
    ['image/webp', WEBP],
  ])('comes as a data URL of %s', async (mediaType, bytes) => {
    const url = `data:${mediaType};base64,${bytes.toString('base64')}`;
    expect(await images.fetch(url)).toEqual({ bytes, mediaType });
    expect(await images.fetch(url.replace('data:', 'DATA:'))).toEqual({ bytes, mediaType });
  });
});

const endless: Serve = (_request, response) => {
  response.writeHead(200, { 'content-type': 'image/png' });
  const more = (): void => {
    while (!response.destroyed && response.write(Buffer.alloc(1024 * 1024))) continue;
  };
  response.on('drain', more);
  more();
};

describe('a server is refused that', () => {
  it.each<[string, Serve, string]>([
    ['sends a page', image('text/html', PNG), 'must be served as'],
    ['says nothing of the type', image('', PNG), 'must be served as'],
    ['sends SVG', image('image/svg+xml', Buffer.from('<svg/>')), 'must be served as'],
    ['calls a page an image', image('image/png', Buffer.from('<html>')), 'must be a PNG'],
    ['sends a GIF', image('image/png', Buffer.from('GIF89a...')), 'must be a PNG'],
    ['sends another RIFF file', image('image/webp', Buffer.from('RIFF\x10\0\0\0WAVEfmt ')), 'must be a PNG'],
    ['sends nothing', image('image/png', Buffer.alloc(0)), 'must be a PNG'],
    ['compresses', image('image/png', PNG, { 'content-encoding': 'gzip' }), 'without a content encoding'],
    [
      'announces too much',
      image('image/png', Buffer.alloc(0), { 'content-length': '20971521' }),
      'larger than 20 MiB',
    ],
    ['does not end', endless, 'larger than 20 MiB'],
    ['has no such image', (_request, response) => response.writeHead(404).end(), 'could not be fetched'],
    ['sends a part', (_request, response) => response.writeHead(206).end(PNG), 'could not be fetched'],
    ['breaks off', (request) => request.socket.destroy(), 'could not be fetched'],
    [
      'breaks off in the middle',
      (request, response) => {
        response.writeHead(200, { 'content-type': 'image/png', 'content-length': '100' });
        response.write(PNG, () => request.socket.destroy());
      },
      'could not be fetched',
    ],
  ])('%s', async (_what, serve, problem) => {
    images.host.serve = serve;
    expect(await images.refusalOf(images.at('/'))).toContain(problem);
    await until(() => images.host.openSockets === 0);
  });

  it.each<[string, Serve]>([
    ['does not answer', () => undefined],
    [
      'does not go on',
      (_request, response) => {
        response.writeHead(200, { 'content-type': 'image/png' });
        response.write(PNG);
      },
    ],
  ])('%s', async (_what, serve) => {
    images.host.serve = serve;
    expect(await images.refusalOf(images.at('/'), { timeoutMs: 300 })).toContain(
      'took longer than 0.3 seconds',
    );
    await until(() => images.host.openSockets === 0);
  });

  it('has a certificate that nobody has heard of', async () => {
    expect(await images.refusalOf(images.at('/'), { trusted: false })).toContain('could not be fetched');
    expect(images.host.requests).toHaveLength(0);
  });

  it('has a certificate for another name', async () => {
    images.names.set('third.test', ['127.0.0.1']);
    expect(await images.refusalOf(images.at('/', 'third.test'))).toContain('could not be fetched');
    expect(images.host.requests).toHaveLength(0);
  });
});

describe('what is no https or data URL is refused:', () => {
  it.each([
    'http://images.test/cat.png',
    'ftp://images.test/cat.png',
    'file:///etc/passwd',
    'cat.png',
    '//images.test/cat.png',
    'https://user:password@images.test/cat.png',
    `https://images.test/${'x'.repeat(8_192)}`,
    '',
  ])('%.60s', async (url) => {
    expect(await images.refusalOf(url)).toContain(
      'must be an https URL of at most 8192 characters, or a data URL',
    );
  });

  it.each(['data:', 'data:image/png,abc', 'data:image/svg+xml;base64,PHN2Zy8+', 'data:;base64,iVBORw0KGgo='])(
    '%s',
    async (url) => {
      expect(await images.refusalOf(url)).toContain('must be a data URL such as');
    },
  );

  it('a data URL with something else in it', async () => {
    expect(await images.refusalOf('data:image/png;base64,PGh0bWw+')).toContain('must be a PNG');
  });

  it('a data URL that is too large', async () => {
    const url = `data:image/png;base64,${'A'.repeat(28_000_000)}`;
    expect(await images.refusalOf(url)).toContain('larger than 20 MiB');
  });
});

describe('more images than may be fetched together', () => {
  it('wait for those before them', async () => {
    const waiting: (() => void)[] = [];
    images.host.serve = (request, response) => {
      waiting.push(() => image('image/png', PNG)(request, response));
    };
    const fetcher = images.fetcher({ atOnce: 2 });
    const fetched = ['/1', '/2', '/3'].map((path) =>
      fetcher.fetch(images.at(path), 'image_url', new AbortController().signal),
    );
    await until(() => waiting.length === 2);
    waiting[0]?.();
    await until(() => waiting.length === 3);
    expect(images.host.requests[2]?.path).toBe('/3');
    for (const answer of waiting.slice(1)) answer();
    expect(await Promise.all(fetched)).toHaveLength(3);
  });

  it('are told to come back when their time is over', async () => {
    const fetched = images.fetch(images.at('/'), { atOnce: 0, timeoutMs: 100 });
    await expect(fetched).rejects.toMatchObject({ code: 'service_unavailable', retryAfterSeconds: 5 });
    expect(images.host.requests).toHaveLength(0);
  });
});

describe('a client that leaves', () => {
  it('ends the fetch, and is not told that its image is wrong', async () => {
    images.host.serve = () => undefined;
    const left = new AbortController();
    const fetched = images.fetcher().fetch(images.at('/'), 'image_url', left.signal);
    await until(() => images.host.requests.length === 1);
    left.abort(new Error('left'));
    await expect(fetched).rejects.toThrow('left');
    await until(() => images.host.openSockets === 0);
  });
});

describe('at the start', () => {
  it('a warning names the networks that are exempt, and there is none without', () => {
    const warn = jest.spyOn(Logger.prototype, 'warn').mockImplementation(() => undefined);
    try {
      images.fetcher({ allow: [] }).onApplicationBootstrap();
      expect(warn).not.toHaveBeenCalled();
      images.fetcher({ allow: ['10.0.0.0/8', 'fd00::/8'] }).onApplicationBootstrap();
      expect(warn.mock.calls[0]?.[0]).toContain('IMAGE_FETCH_ALLOW is set');
      expect(warn.mock.calls[0]?.[0]).toContain('10.0.0.0/8, fd00::/8');
    } finally {
      warn.mockRestore();
    }
  });
});
