import { copyFile, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { startEmbeddedPostgres } from '../../src/storage/embedded-postgres/embedded-postgres.js';
import { CutProxy } from '../support/cut-proxy.js';
import {
  GatewayProcess,
  scratchDirectory,
  removeDirectory,
  testEnvironment,
} from '../support/gateway-process.js';
import { GatewayProcesses } from '../support/gateway-processes.js';
import { fileFor } from '../support/gateway.js';
import { ResponsesClient } from '../support/responses-client.js';
import { setForServer } from '../support/server-setting.js';
import { startScriptedUpstream, type ScriptedUpstream } from '../support/scripted-upstream.js';
import { until } from '../support/until.js';

type RunningPostgres = Awaited<ReturnType<typeof startEmbeddedPostgres>>;
const SILENT = { info: () => undefined, warn: () => undefined };

const processes = GatewayProcesses.forEachTest({ LEASE_MS: '15000' });
let upstream: ScriptedUpstream;

beforeAll(async () => {
  upstream = await startScriptedUpstream();
});
beforeEach(() => upstream.reset());
afterAll(() => upstream.close());

/** One URL for the servers of several. */
function together(...urls: readonly string[]): string {
  const [first = ''] = urls;
  return first.replace(new URL(first).host, urls.map((url) => new URL(url).host).join(','));
}

describe('a gateway with several database servers', () => {
  let places: readonly [CutProxy, CutProxy];
  beforeEach(async () => {
    const { url } = processes.database;
    places = [await CutProxy.before(url), await CutProxy.before(url)];
  });
  afterEach(() => Promise.all(places.map((place) => place.close())));

  it('starts at the one that is there, and follows to the other and back', async () => {
    const [first, second] = places;
    first.cut();
    const gateway = await processes.start({
      url: together(first.url, second.url),
      file: fileFor(upstream.url),
    });
    const { key } = await gateway.client.createKey({ budget_limit: '1000000' });
    expect((await gateway.client.chat(key)).status).toBe(200);
    for (const [leaves, comes] of [
      [second, first],
      [first, second],
    ] as const) {
      leaves.cut();
      const refused = await gateway.client.chat(key);
      expect(refused.status).toBe(503);
      expect(refused.headers.get('retry-after')).toBe('5');
      comes.mend();
      await until(async () => (await gateway.client.chat(key)).status === 200);
    }
    await gateway.stop();
  });
});

describe('a gateway whose database server has gone without a word', () => {
  let proxy: CutProxy;
  beforeEach(async () => {
    proxy = await CutProxy.before(processes.database.url);
  });
  afterEach(() => proxy.close());

  it('finds out once, however many connections it has', async () => {
    const gateway = await processes.start({ url: proxy.url, file: fileFor(upstream.url) });
    const { id, key } = await gateway.client.createKey({ budget_limit: '1000000' });
    const reads = Array.from({ length: 16 }, () => gateway.client.admin(`/admin/keys/${id}`, 'GET'));
    expect((await Promise.all(reads)).every(({ ok }) => ok)).toBe(true);
    proxy.silence();
    expect((await gateway.client.chat(key)).status).toBe(503);
    // Fifteen connections were idle. What listens at the address now is not asked through any of them.
    for (let calls = 0; calls < 3; calls += 1) expect((await gateway.client.chat(key)).status).toBe(200);
    await gateway.stop();
  });
});

describe('a gateway whose database goes away while it looks something up', () => {
  it('says that it is away for a moment, also to operators', async () => {
    const proxy = await CutProxy.before(processes.database.url);
    const gateway = await processes.start({ url: proxy.url, file: fileFor(upstream.url) });
    const { key } = await gateway.client.createKey({ budget_limit: '1000000' });
    const heldBack = proxy.holdBack('statement', 'SELECT r.account_id, r.envelope, r.status');
    const found = new ResponsesClient(gateway.url, key).find('resp_0123456789abcdef0123456789abcdef');
    await heldBack;
    proxy.cut();
    const admin = (path: string, method: string, body?: object) =>
      gateway.client.admin(`/admin${path}`, method, body);
    const answers = await Promise.all([
      found,
      admin('/keys', 'POST', { account: 'acme' }),
      admin('/keys', 'GET'),
      admin('/receipts', 'GET'),
    ]);
    for (const answer of answers) {
      expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '5']);
      expect(await answer.json()).toMatchObject({
        error: { code: 'service_unavailable', type: 'server_error' },
      });
    }
    await proxy.close();
    await gateway.kill();
  });
});

describe('a database server that takes no writes', () => {
  let directory: string;
  let servers: readonly RunningPostgres[];
  beforeAll(async () => {
    directory = await scratchDirectory();
    const [a, b] = ['a', 'b'].map((name) => join(directory, name)) as [string, string];
    await Promise.all([mkdir(a), mkdir(b)]);
    const first = await startEmbeddedPostgres({ dataDir: a, log: SILENT });
    await copyFile(join(a, 'postgres-password'), join(b, 'postgres-password'));
    servers = [first, await startEmbeddedPostgres({ dataDir: b, log: SILENT })];
  });
  afterAll(async () => {
    await GatewayProcess.endAll();
    await Promise.all(servers.map((server) => server.stop()));
    await removeDirectory(directory);
  });

  function setReadOnly({ url }: RunningPostgres, value: 'on' | 'off'): Promise<void> {
    return setForServer(url, 'default_transaction_read_only', value);
  }

  function start(...urls: readonly string[]): Promise<GatewayProcess> {
    return processes.start({ url: together(...urls), file: fileFor(upstream.url) });
  }

  it('is passed over, also when it was one that did, and is used again when it does again', async () => {
    const [first, second] = servers as [RunningPostgres, RunningPostgres];
    await setReadOnly(first, 'on');
    const gateway = await start(first.url, second.url);
    const { key } = await gateway.client.createKey({ budget_limit: '1000000' });
    expect((await gateway.client.chat(key)).status).toBe(200);

    await setReadOnly(second, 'on');
    const seen = upstream.requests.length;
    for (let calls = 0; calls < 3; calls += 1) {
      const refused = await gateway.client.chat(key);
      expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '5']);
    }
    expect(upstream.requests).toHaveLength(seen);
    await setReadOnly(second, 'off');
    await until(async () => (await gateway.client.chat(key)).status === 200);
    await gateway.stop();
    await setReadOnly(first, 'off');
  });

  it('is waited for by a start, which says so', async () => {
    const [first, second] = servers as [RunningPostgres, RunningPostgres];
    await Promise.all(servers.map((server) => setReadOnly(server, 'on')));
    const gateway = await GatewayProcess.spawn({
      directory: processes.directory,
      environment: testEnvironment(together(first.url, second.url)),
    });
    await until(() => gateway.stdout.includes('no server of the database takes writes'));
    expect(gateway.stdout).toContain(new URL(first.url).host);
    expect(gateway.stdout).not.toContain(new URL(first.url).password);
    await setReadOnly(second, 'off');
    await until(() => gateway.stdout.includes('Slipstream is listening'));
    await gateway.stop();
    await setReadOnly(first, 'off');
  });

  it('is not started with: the start says why', async () => {
    const [first] = servers as [RunningPostgres, RunningPostgres];
    await setReadOnly(first, 'on');
    await expect(start(first.url)).rejects.toThrow('takes no writes: it is a standby, or read only');
    await setReadOnly(first, 'off');
  });
});
