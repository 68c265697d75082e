import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { image, ImageHost, PNG } from '../../providers/image/image-host.js';
import {
  GatewayProcess,
  removeDirectory,
  scratchDirectory,
  testEnvironment,
} from '../../support/gateway-process.js';
import { startScriptedUpstream, type ScriptedUpstream } from '../../support/scripted-upstream.js';
import { until } from '../../support/until.js';
import { createTestDatabase, type TestDatabase } from '../../support/test-database.js';
import { VideosClient } from './videos-client.js';

const host = new ImageHost();
let upstream: ScriptedUpstream;
let database: TestDatabase;
let directory: string;
let gateway: GatewayProcess;
let videos: VideosClient;

beforeAll(async () => {
  await host.listen();
  upstream = await startScriptedUpstream();
  database = await createTestDatabase();
  directory = await scratchDirectory();
  const authority = join(directory, 'authority.pem');
  await writeFile(authority, host.authority.cert);
  const provider = { id: 'up', type: 'openai', base_url: upstream.url, wires: ['videos'] };
  const common = { kind: 'video', targets: [{ provider: 'up', model: 'm' }], input: ['text', 'image'] };
  const models = [
    { id: 'film', ...common, pricing: 'free' },
    { id: 'dear', ...common, pricing: { per_video: 5 } },
  ];
  gateway = await GatewayProcess.start({
    directory,
    environment: testEnvironment(database.url, {
      IMAGE_FETCH_ALLOW: '127.0.0.1/32',
      NODE_EXTRA_CA_CERTS: authority,
    }),
    file: { providers: [provider], models },
  });
  const { key } = await gateway.client.createKey();
  videos = new VideosClient(gateway.url, key);
});
afterAll(async () => {
  await GatewayProcess.endAll();
  await database.drop();
  await removeDirectory(directory);
  await upstream.close();
  await host.close();
});

describe('with IMAGE_FETCH_ALLOW', () => {
  it('a warning is logged at the start', () => {
    expect(gateway.stdout).toContain('IMAGE_FETCH_ALLOW is set');
    expect(gateway.stdout).toContain('127.0.0.1/32');
  });

  it('an image is fetched over https from a network that is named, and sent along', async () => {
    upstream.always((exchange) => exchange.json({ id: 'up_1', status: 'completed' }));
    const image_url = `https://127.0.0.1:${host.port}/cat.png`;
    const { id } = await videos.made({ model: 'film', image_url });
    expect((await videos.ended(id)).status).toBe('completed');
    expect(host.requests.map(({ path }) => path)).toEqual(['/cat.png']);
    expect(upstream.requests[0]?.bytes.includes(PNG)).toBe(true);
  });

  it.each<[string, object, string, string]>([
    ['cannot pay', { budget_limit: '1000000' }, 'dear', 'insufficient_budget'],
    ['may not use the model', { allowed_models: ['dear'] }, 'film', 'model_not_allowed'],
  ])('nothing is fetched for a key that %s', async (_what, settings, model, code) => {
    const before = host.requests.length;
    const poor = new VideosClient(gateway.url, (await gateway.client.createKey(settings)).key);
    const image_url = `https://127.0.0.1:${host.port}/cat.png`;
    const response = await poor.generate({ model, image_url });
    expect(await response.json()).toMatchObject({ error: { code } });
    const bad = await poor.generate({ model, image_url: 'data:image/png;base64,AAAA' });
    expect(bad.status).toBe(400);
    expect(host.requests).toHaveLength(before);
  });

  it('an image that cannot be had leaves nothing behind', async () => {
    host.serve = image('image/svg+xml', Buffer.from('<svg/>'));
    const { key, id } = await gateway.client.createKey({ account: 'other', budget_limit: '10000000' });
    const client = new VideosClient(gateway.url, key);
    const headers = { 'idempotency-key': 'image-1' };
    const body = { model: 'dear', prompt: 'Sea', image_url: `https://127.0.0.1:${host.port}/cat.svg` };
    for (let times = 0; times < 2; times += 1)
      expect((await client.call('POST', '/generations', body, headers)).status).toBe(400);
    expect(await (await client.call('GET', '')).json()).toMatchObject({ data: [] });
    const { rows } = await database.pool.query('SELECT 1 FROM holds WHERE key_id = $1', [id]);
    expect(rows).toEqual([]);
  });

  it('a client that leaves ends the fetch, and leaves nothing behind', async () => {
    host.serve = () => undefined;
    const { key, id } = await gateway.client.createKey({ account: 'hasty', budget_limit: '10000000' });
    const held = async (): Promise<number> =>
      (await database.pool.query('SELECT 1 FROM holds WHERE key_id = $1', [id])).rows.length;
    const left = new AbortController();
    const call = fetch(`${gateway.url}/v1/videos/generations`, {
      method: 'POST',
      headers: { authorization: `Bearer ${key}` },
      body: JSON.stringify({
        model: 'dear',
        prompt: 'Sea',
        image_url: `https://127.0.0.1:${host.port}/slow.png`,
      }),
      signal: left.signal,
    }).catch(() => undefined);
    await until(async () => (await held()) === 1 && host.openSockets === 1);
    left.abort();
    await call;
    await until(async () => (await held()) === 0 && host.openSockets === 0);
    expect((await database.pool.query('SELECT 1 FROM videos WHERE key_id = $1', [id])).rows).toEqual([]);
  });

  it('everything else is checked as ever', async () => {
    host.serve = image('image/svg+xml', Buffer.from('<svg/>'));
    for (const [image_url, problem] of [
      [`https://127.0.0.1:${host.port}/cat.svg`, 'must be served as'],
      [`https://127.0.0.2:${host.port}/cat.png`, 'public address'],
      [`http://127.0.0.1:${host.port}/cat.png`, 'https URL'],
    ] as const) {
      const response = await videos.generate({ model: 'film', image_url });
      expect(response.status).toBe(400);
      const { error } = (await response.json()) as { error: { message: string; param: string } };
      expect(error).toMatchObject({
        param: 'image_url',
        message: expect.stringContaining(problem) as unknown,
      });
    }
  });
});
