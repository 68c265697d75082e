import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { forgetAnswerOfJob } from '../../support/content-by-hand.js';
import { expectSoundBooks } from '../../support/books.js';
import { TestGateway, type CreatedKey } from '../../support/gateway.js';
import { newId } from '../../../src/base/ids.js';
import { PNG } from '../../providers/image/image-host.js';
import { VideosClient, type ShownVideo } from '../videos/videos-client.js';

let gateway: TestGateway;
let key: CreatedKey;
let videos: VideosClient;

beforeAll(async () => {
  gateway = await TestGateway.start();
});
beforeEach(async () => {
  key = await gateway.createKey({ account: newId('key'), budget_limit: '100000000' });
  videos = new VideosClient(gateway.url, key.key);
});
afterEach(() => expectSoundBooks(gateway.pool));
afterAll(() => gateway.close());

const BODY = { model: 'sandbox/video:seconds=0.5', prompt: 'A yellow square' };

function submit(name: string, path = '/generations', body: object = BODY): Promise<Response> {
  return videos.call('POST', path, body, { 'idempotency-key': name });
}

async function jobs(): Promise<number> {
  const { rowCount } = await gateway.pool.query('SELECT 1 FROM videos WHERE key_id = $1', [key.id]);
  return rowCount ?? 0;
}

describe('a video that is asked for again', () => {
  it.each([
    ['/generations', 202],
    ['', 200],
  ])('at /videos%s is the first one, answered as it was then', async (path, status) => {
    const first = await submit('again', path);
    const text = await first.text();
    expect(first.status).toBe(status);
    const { id } = JSON.parse(text) as ShownVideo;
    await videos.ended(id);
    const again = await submit('again', path);
    expect(again.status).toBe(status);
    expect(await again.text()).toBe(text);
    expect(again.headers.get('x-compose-idempotent-replay')).toBe('true');
    expect(again.headers.get('x-compose-key-budget-reserved')).toBe(
      first.headers.get('x-compose-key-budget-reserved'),
    );
    expect(await jobs()).toBe(1);
  });

  it('is one job, however many ask at once', async () => {
    const answers = await Promise.all(Array.from({ length: 50 }, () => submit('race')));
    const made = answers.filter(({ status }) => status === 202);
    const ids = await Promise.all(made.map(async (answer) => ((await answer.json()) as ShownVideo).id));
    expect(new Set(ids).size).toBe(1);
    for (const { status } of answers) expect([202, 409]).toContain(status);
    expect(await jobs()).toBe(1);
    expect((await submit('race')).status).toBe(202);
    await videos.ended(ids[0] ?? '');
  });

  it('as a form with the same fields and files is the same request; with others it is not', async () => {
    const send = (prompt: string, image: Buffer): Promise<Response> => {
      const data = new FormData();
      data.set('prompt', prompt);
      data.set('model', BODY.model);
      data.set('input_reference', new Blob([image], { type: 'image/png' }), 'a.png');
      return fetch(`${gateway.url}/v1/videos`, {
        method: 'POST',
        headers: { authorization: `Bearer ${key.key}`, 'idempotency-key': 'form' },
        body: data,
      });
    };
    const first = await send('one', PNG);
    const text = await first.text();
    const again = await send('one', PNG);
    expect([again.status, await again.text()]).toEqual([200, text]);
    expect((await send('two', PNG)).status).toBe(409);
    expect((await send('one', Buffer.concat([PNG, Buffer.from('x')]))).status).toBe(409);
  });

  it('is shown as it is, where the process died before it knew what it had answered', async () => {
    const { id } = (await (await submit('unknown')).json()) as ShownVideo;
    await videos.ended(id);
    await forgetAnswerOfJob(gateway.pool, id);
    const again = await submit('unknown');
    expect(again.status).toBe(202);
    expect(await again.json()).toEqual(await videos.find(id));
    expect(await jobs()).toBe(1);
  });

  it('is told to wait while it is not known whether its provider takes it', async () => {
    const { id } = (await (await submit('submitting')).json()) as ShownVideo;
    await videos.ended(id);
    await forgetAnswerOfJob(gateway.pool, id);
    await gateway.pool.query(`UPDATE videos SET status = 'submitting' WHERE id = $1`, [id]);
    const again = await submit('submitting');
    expect(again.status).toBe(409);
    expect(again.headers.get('retry-after')).toBe('1');
    await gateway.pool.query(`UPDATE videos SET status = 'completed' WHERE id = $1`, [id]);
  });

  it('is told to wait while the first one is being taken back', async () => {
    const { id } = (await (await submit('taken back')).json()) as ShownVideo;
    await videos.ended(id);
    // As between the two looks of a repetition: the record was there, and the video is not there any more.
    await forgetAnswerOfJob(gateway.pool, id);
    await gateway.pool.query('DELETE FROM videos WHERE id = $1', [id]);
    expect((await submit('taken back')).status).toBe(409);
  });

  it('may run again when it was refused, or when its provider did not take it', async () => {
    const refused = { ...BODY, model: 'sandbox/video:error=400' };
    const first = await submit('refused', '/generations', refused);
    expect(first.status).toBe(400);
    const { rowCount } = await gateway.pool.query(`SELECT 1 FROM idempotency_records WHERE key = 'refused'`);
    expect(rowCount).toBe(0);
    const poor = await gateway.createKey({ account: newId('key'), budget_limit: '10' });
    videos = new VideosClient(gateway.url, poor.key);
    expect((await submit('poor')).status).toBe(402);
    expect((await submit('poor')).status).toBe(402);
  });

  it('is not shown any more once it was deleted', async () => {
    const { id } = (await (await submit('deleted')).json()) as ShownVideo;
    await videos.ended(id);
    expect((await videos.call('DELETE', `/${id}`)).status).toBe(200);
    const again = await submit('deleted');
    expect(again.status).toBe(404);
    expect(await again.json()).toMatchObject({ error: { code: 'video_not_found' } });
    expect(await jobs()).toBe(1);
  });
});
