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
  const model = { id: 'film', kind: 'video', targets: [{ provider: 'up', model: 'm' }], pricing: 'free' };
  gateway = await GatewayProcess.start({
    directory,
    environment: testEnvironment(database.url, {
      IMAGE_FETCH_ALLOW: '127.0.0.1/32',
      NODE_EXTRA_CA_CERTS: authority,
    }),
    file: { providers: [provider], models: [{ ...model, input: ['text', 'image'] }] },
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
