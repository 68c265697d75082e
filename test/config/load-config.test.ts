import { generateKeyPairSync } from 'node:crypto';
import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import type { LoadedConfig } from '../../src/config/config.js';
import { ConfigurationError } from '../../src/base/errors/configuration-error.js';
import { loadConfig } from '../../src/config/load-config.js';
import { SANDBOX_CATALOGUE } from '../../src/config/sandbox-catalogue.js';
import { DIALECTS } from '../../src/providers/dialects.js';
import { cleanUpDirectories, temporaryDirectory } from './temporary-directory.js';

cleanUpDirectories();

const { privateKey } = generateKeyPairSync('ed25519');
const PEM = privateKey.export({ format: 'pem', type: 'pkcs8' }).toString();
const PKCS8 = privateKey.export({ format: 'der', type: 'pkcs8' });
const X25519_PEM = generateKeyPairSync('x25519')
  .privateKey.export({ format: 'pem', type: 'pkcs8' })
  .toString();

function load(environment: NodeJS.ProcessEnv = {}, directory = temporaryDirectory()): LoadedConfig {
  return loadConfig(DIALECTS, environment, directory);
}

function problemsOf(environment: NodeJS.ProcessEnv, directory?: string): readonly string[] {
  try {
    load(environment, directory);
    return [];
  } catch (error) {
    if (error instanceof ConfigurationError) return error.problems;
    throw error;
  }
}

describe('loadConfig', () => {
  it('has a default for everything', () => {
    const directory = temporaryDirectory();
    const config = load({}, directory);
    expect(config).toMatchObject({
      listen: { host: '127.0.0.1', port: 3000, publicUrl: 'http://127.0.0.1:3000' },
      database: { url: undefined, directUrl: undefined, preparedStatements: 'auto' },
      dataDir: join(directory, 'data'),
      adminTokenFile: join(directory, 'data', 'admin-token'),
      receiptSigningKey: expect.stringMatching(/^[A-Za-z0-9+/]{43}=$/) as unknown,
      streaming: { keepAliveMs: 15_000, bufferBytes: 1_048_576, stallMs: 60_000, headAfterMs: 20_000 },
      payments: { feeBps: 100, defaultChainId: 43_113, chainIds: [43_113], leaseMs: 30_000 },
      maxBodyBytes: 33_554_432,
      maxFrameBytes: 67_108_864,
      maxStoredBytes: 10_737_418_240,
      shutdownGraceMs: 30_000,
      socketLifetimeMs: 3_600_000,
      socketsPerKey: 100,
      responseRetentionDays: 30,
      imageFetchAllow: [],
      log: { level: 'info' },
      corsOrigins: [],
      catalogFile: undefined,
    });
    expect(config.catalog.models).toEqual(SANDBOX_CATALOGUE.models);
  });

  it('takes what is set', () => {
    const config = load({
      HOST: '::1',
      PORT: '0',
      DATABASE_URL: 'postgresql://user@db.internal/gateway',
      DATA_DIR: 'elsewhere',
      ADMIN_TOKEN: 'an-admin-token-of-mine',
      KEEP_ALIVE_MS: '50',
      STREAM_BUFFER_BYTES: '4096',
      STREAM_STALL_MS: '100',
      STREAM_HEAD_MS: '200',
      LEASE_MS: '300',
      SHUTDOWN_GRACE_MS: '0',
      SOCKET_LIFETIME_MS: '1000',
      SOCKETS_PER_KEY: '2',
      MAX_BODY_BYTES: '1024',
      MAX_STORED_BYTES: '4096',
      RESPONSE_RETENTION_DAYS: '7',
      LOG_LEVEL: 'silent',
      CORS_ORIGINS: ' https://a.example , http://localhost:5173,',
      IMAGE_FETCH_ALLOW: '10.0.0.0/8,fd00::/8',
    });
    expect(config).toMatchObject({
      listen: { host: '::1', port: 0, publicUrl: 'http://[::1]:0' },
      database: { url: 'postgresql://user@db.internal/gateway', preparedStatements: 'auto' },
      adminToken: 'an-admin-token-of-mine',
      adminTokenFile: undefined,
      streaming: { keepAliveMs: 50, bufferBytes: 4096, stallMs: 100, headAfterMs: 200 },
      payments: { leaseMs: 300 },
      shutdownGraceMs: 0,
      socketLifetimeMs: 1_000,
      socketsPerKey: 2,
      maxBodyBytes: 1024,
      maxFrameBytes: 67_108_864,
      maxStoredBytes: 4096,
      responseRetentionDays: 7,
      log: { level: 'silent' },
      corsOrigins: ['https://a.example', 'http://localhost:5173'],
      imageFetchAllow: ['10.0.0.0/8', 'fd00::/8'],
    });
    expect(config.dataDir).toMatch(/\/elsewhere$/);
  });

  it('cuts the slashes at the end of the public URL', () => {
    expect(load({ PUBLIC_URL: 'https://gateway.example/base//' }).listen.publicUrl).toBe(
      'https://gateway.example/base',
    );
  });

  it('takes an empty variable as unset and ignores variables it does not know', () => {
    const config = load({ PORT: '', OPENAI_API_KEY: ' ', GATEWAY_CONFIG: '', SOMETHING_ELSE: '1' });
    expect(config.listen.port).toBe(3000);
    expect(config.catalog.providers.has('openai')).toBe(false);
  });

  it.each([
    ['PORT', '12abc'],
    ['PORT', '65536'],
    ['PORT', '-1'],
    ['PORT', '0x10'],
    ['PORT', '1e3'],
    ['PORT', '80.5'],
    ['HOST', 'bad host'],
    ['PUBLIC_URL', 'gateway.invalid'],
    ['PUBLIC_URL', 'ftp://gateway.example'],
    ['PUBLIC_URL', 'https://user:pass@gateway.example'],
    ['PUBLIC_URL', 'https://gateway.example/?a=b'],
    ['DATABASE_URL', 'mysql://db/gateway'],
    ['DATABASE_URL', 'db'],
    ['ADMIN_TOKEN', 'two words of some length'],
    ['OPENAI_BASE_URL', 'file:///etc'],
    ['OPENAI_API_KEY', 'line\nbreak'],
    ['RESPONSE_RETENTION_DAYS', '0'],
    ['KEEP_ALIVE_MS', '0'],
    ['KEEP_ALIVE_MS', '2147483648'],
    ['SHUTDOWN_GRACE_MS', 'soon'],
    ['MAX_BODY_BYTES', '0'],
    ['STREAM_BUFFER_BYTES', '1MB'],
    ['STREAM_STALL_MS', '1.5'],
    ['STREAM_HEAD_MS', '+5'],
    ['LEASE_MS', '299'],
    ['LOG_LEVEL', 'verbose'],
    ['CORS_ORIGINS', 'https://a.example/path'],
    ['CORS_ORIGINS', 'a.example'],
    ['RECEIPT_SIGNING_KEY', 'bm90IGEga2V5'],
    ['RECEIPT_SIGNING_KEY', X25519_PEM],
    ['IMAGE_FETCH_ALLOW', '10.0.0.0/33'],
    ['IMAGE_FETCH_ALLOW', '10.0.0.1'],
    ['IMAGE_FETCH_ALLOW', '999.0.0.0/8'],
  ])('refuses %s=%j in one problem that names the variable and not its value', (name, value) => {
    const problems = problemsOf({ [name]: value });
    expect(problems).toEqual([expect.stringMatching(new RegExp(`^${name}: must be `))]);
    if (value.length > 4) expect(problems[0]).not.toContain(value);
  });

  it.each([
    ['PEM', PEM],
    ['PEM on one line', PEM.replaceAll('\n', '\\n')],
    ['base64 of PKCS #8', PKCS8.toString('base64')],
    ['base64 of the seed', PKCS8.subarray(-32).toString('base64')],
    ['base64url of the seed', PKCS8.subarray(-32).toString('base64url')],
  ])('takes a receipt signing key as %s', (_form, text) => {
    expect(load({ RECEIPT_SIGNING_KEY: text }).receiptSigningKey).toBe(text.trim());
  });

  it('wants the shared secrets in production with a database of its own', () => {
    const production = { NODE_ENV: 'production', DATABASE_URL: 'postgres://db/gateway' };
    expect(problemsOf(production)).toEqual([
      'ADMIN_TOKEN: must be set when NODE_ENV is production and DATABASE_URL is set',
      'RECEIPT_SIGNING_KEY: must be set when NODE_ENV is production and DATABASE_URL is set',
    ]);
    expect(
      problemsOf({ ...production, ADMIN_TOKEN: 'an-admin-token-of-mine', RECEIPT_SIGNING_KEY: PEM }),
    ).toEqual([]);
    expect(problemsOf({ NODE_ENV: 'production' })).toEqual([]);
    expect(problemsOf({ DATABASE_URL: 'postgres://db/gateway' })).toEqual([]);
  });

  it('reports the problems of the environment and of the file together, one a line', () => {
    const directory = temporaryDirectory();
    writeFileSync(join(directory, 'gateway.yaml'), 'modles: []\npayments: { fee_bps: -1 }\n');
    const load = () => loadConfig(DIALECTS, { PORT: 'x', LOG_LEVEL: 'y' }, directory);
    expect(load).toThrow(ConfigurationError);
    expect(load).toThrow(/^The configuration has 4 problems:\n(?: {2}.+\n){3} {2}.+$/);
    expect(
      problemsOf({ PORT: 'x', LOG_LEVEL: 'y' }, directory).map((problem) => problem.split(':')[0]),
    ).toEqual(['PORT', 'LOG_LEVEL', 'payments.fee_bps', 'modles']);
  });

  it('makes nothing on disk when there is a problem', () => {
    const directory = temporaryDirectory();
    problemsOf({ PORT: 'x' }, directory);
    expect(() => statSync(join(directory, 'data'))).toThrow(/ENOENT/);
  });

  it('makes the admin token on first start, for the owner only, and keeps it', () => {
    const directory = temporaryDirectory();
    const first = load({}, directory);
    const path = join(directory, 'data', 'admin-token');
    expect(first.adminToken).toMatch(/^[A-Za-z0-9_-]{43}$/);
    expect(readFileSync(path, 'utf8').trim()).toBe(first.adminToken);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(load({}, directory).adminToken).toBe(first.adminToken);
    expect(load({ ADMIN_TOKEN: 'given-admin-token' }, directory).adminToken).toBe('given-admin-token');
  });

  it('makes the key that signs receipts on first start, for the owner only, and keeps it', () => {
    const directory = temporaryDirectory();
    const { receiptSigningKey } = load({}, directory);
    const path = join(directory, 'data', 'receipt-signing-key');
    expect([readFileSync(path, 'utf8').trim(), statSync(path).mode & 0o777]).toEqual([
      receiptSigningKey,
      0o600,
    ]);
    expect(load({}, directory).receiptSigningKey).toBe(receiptSigningKey);
    expect(load({ RECEIPT_SIGNING_KEY: PEM }, directory).receiptSigningKey).toBe(PEM.trim());
    expect(load({}).receiptSigningKey).not.toBe(receiptSigningKey);
    writeFileSync(path, 'c3BvaWxlZA==');
    expect(problemsOf({}, directory)).toEqual([
      expect.stringMatching(/^DATA_DIR: the key that signs receipts cannot be kept there: /),
    ]);
  });

  it('says in words that the admin token cannot be kept', () => {
    const directory = temporaryDirectory();
    writeFileSync(join(directory, 'data'), '');
    expect(problemsOf({}, directory)).toEqual([
      expect.stringMatching(/^DATA_DIR: the admin token cannot be kept there: /),
    ]);
  });

  it('names a gateway file that is not there or cannot be read', () => {
    const directory = temporaryDirectory();
    mkdirSync(join(directory, 'folder'));
    expect(problemsOf({ GATEWAY_CONFIG: 'missing.yaml' }, directory)).toEqual([
      `GATEWAY_CONFIG: ${join(directory, 'missing.yaml')} cannot be read (ENOENT)`,
    ]);
    expect(problemsOf({ GATEWAY_CONFIG: 'folder' }, directory)).toEqual([
      `GATEWAY_CONFIG: ${join(directory, 'folder')} cannot be read (EISDIR)`,
    ]);
  });

  it('adds the provider and the known models of each key that is set', () => {
    const { catalog, catalogFile } = load({
      OPENAI_API_KEY: 'sk-a',
      OPENAI_BASE_URL: 'http://127.0.0.1:9/v1/',
      ANTHROPIC_API_KEY: 'sk-b',
      GEMINI_API_KEY: 'sk-c',
    });
    expect(catalogFile).toBeUndefined();
    expect([...catalog.providers.values()].map(({ id, baseUrl, apiKey }) => [id, baseUrl, apiKey])).toEqual([
      ['openai', 'http://127.0.0.1:9/v1', 'sk-a'],
      ['anthropic', 'https://api.anthropic.com', 'sk-b'],
      ['google', 'https://generativelanguage.googleapis.com', 'sk-c'],
      ['sandbox', '', undefined],
    ]);
    expect(catalog.models.get('gpt-5.5')).toMatchObject({
      contextWindow: 1_050_000,
      maxOutputTokens: 128_000,
      pricing: {
        input: { unscaled: 5n, scale: 0 },
        cachedInput: { unscaled: 5n, scale: 1 },
        output: { unscaled: 30n, scale: 0 },
      },
      targets: [{ upstreamModel: 'gpt-5.5', priority: 1, weight: 1 }],
    });
    expect(catalog.models.get('sora-2')).toMatchObject({
      kind: 'video',
      pricing: { perSecond: { unscaled: 1n, scale: 1 } },
      durations: [4, 8, 12],
      targets: [
        { upstreamModel: 'sora-2', provider: { id: 'openai', wires: ['chat', 'embeddings', 'videos'] } },
      ],
    });
    for (const model of [...catalog.models.values()].filter((entry) => entry.kind === 'text'))
      expect(model.maxOutputTokens).toBeLessThanOrEqual(model.contextWindow);
    const owners = new Set([...catalog.models.values()].map(({ ownedBy }) => ownedBy));
    expect(owners).toEqual(new Set(['openai', 'anthropic', 'google', 'sandbox']));
  });

  it('leaves the catalog to the file when there is one', () => {
    const directory = temporaryDirectory();
    writeFileSync(join(directory, 'gateway.yaml'), 'sandbox: true\n');
    const config = load({ OPENAI_API_KEY: 'sk-a' }, directory);
    expect(config.catalogFile).toBe(join(directory, 'gateway.yaml'));
    expect([...config.catalog.providers.keys()]).toEqual(['sandbox']);
  });

  it('is frozen all the way down', () => {
    const config = load({ OPENAI_API_KEY: 'sk-a' });
    const models = config.catalog.models as Map<string, unknown>;
    expect(() => Object.assign(config.streaming, { stallMs: 1 })).toThrow(TypeError);
    expect(() => Object.assign(config.catalog.models.get('gpt-5.5')!, { id: 'x' })).toThrow(TypeError);
    expect(() => models.set('x', 1)).toThrow(TypeError);
    expect(() => models.delete('gpt-5.5')).toThrow(TypeError);
    expect(() => models.clear()).toThrow(TypeError);
    expect(models.size).toBeGreaterThan(10);
  });
});
