import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { SANDBOX_THUMBNAIL, SANDBOX_VIDEO } from '../../../src/providers/sandbox/sandbox-video-bytes.js';
import { TestGateway } from '../../support/gateway.js';
import { VideosClient } from './videos-client.js';

let gateway: TestGateway;
let videos: VideosClient;
let id: string;

beforeAll(async () => {
  gateway = await TestGateway.start();
  videos = new VideosClient(gateway.url, (await gateway.createKey()).key);
  ({ id } = await videos.made({ model: 'sandbox/video:seconds=0' }));
  await videos.ended(id);
});
afterAll(() => gateway.close());

async function bytes(response: Response): Promise<Buffer> {
  return Buffer.from(await response.arrayBuffer());
}

/** The boxes of an MP4, each by its four letters. */
function boxes(file: Buffer): readonly string[] {
  const found: string[] = [];
  for (let at = 0; at < file.length; at += file.readUInt32BE(at))
    found.push(file.toString('latin1', at + 4, at + 8));
  return found;
}

describe('the content of a video', () => {
  it('is a whole MP4 whose index comes first', async () => {
    const response = await videos.call('GET', `/${id}/content`);
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe('video/mp4');
    expect(response.headers.get('accept-ranges')).toBe('bytes');
    expect(response.headers.get('content-length')).toBe(String(SANDBOX_VIDEO.length));
    const file = await bytes(response);
    expect(file.equals(SANDBOX_VIDEO)).toBe(true);
    expect(boxes(file)).toEqual(['ftyp', 'moov', 'free', 'mdat']);
    expect(file.includes('avc1')).toBe(true);
  });

  it.each([
    ['bytes=0-99', 206, 0, 100],
    ['bytes=100-', 206, 100, SANDBOX_VIDEO.length],
    ['bytes=-10', 206, SANDBOX_VIDEO.length - 10, SANDBOX_VIDEO.length],
    ['bytes=0-999999', 206, 0, SANDBOX_VIDEO.length],
    ['bytes=9-1', 200, 0, SANDBOX_VIDEO.length],
    ['pages=1-2', 200, 0, SANDBOX_VIDEO.length],
  ])('comes in parts: %s', async (range, status, from, to) => {
    const response = await videos.call('GET', `/${id}/content`, undefined, { range });
    expect(response.status).toBe(status);
    if (status === 206)
      expect(response.headers.get('content-range')).toBe(`bytes ${from}-${to - 1}/${SANDBOX_VIDEO.length}`);
    expect((await bytes(response)).equals(SANDBOX_VIDEO.subarray(from, to))).toBe(true);
  });

  it('comes whole when it has to be what the client has a part of already', async () => {
    const headers = { range: 'bytes=10-', 'if-range': '"of another day"' };
    const response = await videos.call('GET', `/${id}/content`, undefined, headers);
    expect(response.status).toBe(200);
    expect((await bytes(response)).equals(SANDBOX_VIDEO)).toBe(true);
  });

  it('has no part beyond its end', async () => {
    const response = await videos.call('GET', `/${id}/content`, undefined, { range: 'bytes=999999-' });
    expect(response.status).toBe(416);
    expect(response.headers.get('content-range')).toBe(`bytes */${SANDBOX_VIDEO.length}`);
    expect(await response.json()).toMatchObject({ error: { code: 'range_not_satisfiable', param: null } });
  });

  it('can be asked about without being sent', async () => {
    const response = await videos.call('HEAD', `/${id}/content`);
    expect(response.status).toBe(200);
    expect(response.headers.get('content-length')).toBe(String(SANDBOX_VIDEO.length));
    expect(await response.text()).toBe('');
  });

  it('has a picture', async () => {
    const response = await videos.call('GET', `/${id}/content?variant=thumbnail`);
    expect(response.headers.get('content-type')).toBe('image/jpeg');
    expect((await bytes(response)).equals(SANDBOX_THUMBNAIL)).toBe(true);
    expect((await videos.call('GET', `/${id}/content?variant=spritesheet`)).status).toBe(400);
  });

  it('is not there before the end, nor of a job that failed', async () => {
    const running = await videos.made({ model: 'sandbox/video:seconds=600' });
    expect((await videos.call('GET', `/${running.id}/content`)).status).toBe(404);
    await videos.call('POST', `/${running.id}/cancel`);
    expect((await videos.call('GET', `/${running.id}/content`)).status).toBe(404);
  });
});
