import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { TestGateway } from '../../support/gateway.js';
import { startScriptedUpstream, type ScriptedUpstream } from '../../support/scripted-upstream.js';
import { createTestDatabase, type TestDatabase } from '../../support/test-database.js';
import { VideosClient } from './videos-client.js';

const KEYS = ['sk-video-one', 'sk-video-two', 'sk-video-three'];

/** By the id of a job at the upstream: the key that it was submitted with. */
const owners = new Map<string, string>();
let upstream: ScriptedUpstream;
let database: TestDatabase;
let gateway: TestGateway;
let videos: VideosClient;
let key: string;

beforeAll(async () => {
  [upstream, database] = await Promise.all([startScriptedUpstream(), createTestDatabase()]);
  gateway = await start(KEYS);
  ({ key } = await gateway.createKey());
  videos = new VideosClient(gateway.url, key);
  upstream.always((exchange) => {
    const { method, path, headers } = exchange.request;
    const owner = headers.authorization ?? '';
    const video = { object: 'video', model: 'film-up', seconds: '4', error: null };
    if (method === 'POST' && path === '/v1/videos') {
      const id = `up_${owners.size}`;
      owners.set(id, owner);
      return exchange.json({ ...video, id, status: 'queued', progress: 0 });
    }
    const [, id = ''] = /\/videos\/(up_\d+)/.exec(path) ?? [];
    // As at a real service: another project's jobs do not exist.
    if (owners.get(id) !== owner) return exchange.json({ error: { message: 'no such video' } }, 404);
    if (method === 'POST') {
      const remix = `up_${owners.size}`;
      owners.set(remix, owner);
      return exchange.json({ ...video, id: remix, status: 'queued', progress: 0 });
    }
    return exchange.json({ ...video, id, status: 'completed', progress: 100 });
  });
});
afterAll(async () => {
  await gateway.close();
  await database.drop();
  await upstream.close();
});

function start(keys: readonly string[]): Promise<TestGateway> {
  const file = {
    providers: [{ id: 'studio', type: 'openai', base_url: upstream.url, api_keys: keys, wires: ['videos'] }],
    models: [
      {
        id: 'film',
        kind: 'video',
        targets: [{ provider: 'studio', model: 'film-up' }],
        pricing: { per_second: 0.1 },
        durations: [4],
      },
    ],
  };
  return TestGateway.start({ file, database });
}

describe('videos at a provider with several keys', () => {
  it('are asked for with the key that they were submitted with, whatever the order of keys after a restart', async () => {
    const jobs = await Promise.all(Array.from({ length: 12 }, () => videos.made({ model: 'film' })));
    for (const { id } of jobs) expect((await videos.ended(id)).status).toBe('completed');
    expect(new Set(owners.values()).size).toBeGreaterThan(1);
    const [job] = jobs;
    const remixed = await videos.call('POST', `/${job!.id}/remix`, { prompt: 'Another colour' });
    expect(remixed.status).toBeLessThan(300);
    const late = await videos.made({ model: 'film' });
    await gateway.close();
    gateway = await start([...KEYS].reverse());
    videos = new VideosClient(gateway.url, key);
    expect((await videos.ended(late.id)).status).toBe('completed');
    const { rows } = await database.pool.query<{ upstream_key: string }>('SELECT upstream_key FROM videos');
    expect(rows).toHaveLength(14);
    for (const { upstream_key: mark } of rows) expect(mark).toMatch(/^[0-9a-f]{32}$/);
  });
});
