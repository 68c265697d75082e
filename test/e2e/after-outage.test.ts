import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { BackgroundRuns } from '../../src/responses/background/background-runs.js';
import { LostVideos } from '../../src/videos/lost-videos.js';
import { CutProxy } from '../support/cut-proxy.js';
import { fileFor, TestGateway } from '../support/gateway.js';
import { ResponsesClient } from '../support/responses-client.js';
import { startScriptedUpstream } from '../support/scripted-upstream.js';
import { createTestDatabase, type TestDatabase } from '../support/test-database.js';
import { until } from '../support/until.js';
import { hangs, VideoUpstream } from './videos/video-upstream.js';

/** Nothing recurs by itself. */
const environment = { LEASE_MS: '600000' };

describe('a process whose database was away, which may have let the leases of others lapse', () => {
  let database: TestDatabase;
  let proxy: CutProxy;
  beforeEach(async () => {
    database = await createTestDatabase();
    proxy = await CutProxy.before(database.url);
  });
  afterEach(async () => {
    await proxy.close();
    await database.drop();
  });

  async function pair(file: object): Promise<readonly [TestGateway, TestGateway]> {
    const behind = { ...database, url: proxy.url };
    return [
      await TestGateway.start({ environment, file, database }),
      await TestGateway.start({ environment, file, database: behind }),
    ];
  }

  /** @param hasTaken whether a round has taken over what the living process does */
  async function expectPatience(round: () => Promise<void>, hasTaken: () => Promise<boolean>): Promise<void> {
    proxy.cut();
    await expect(round()).rejects.toThrow();
    await database.pool.query('UPDATE gateway_processes SET lease_expires_at = now()');
    proxy.mend();
    await round();
    expect(await hasTaken()).toBe(false);
    // One that can take over has a lease.
    await database.pool.query(
      `UPDATE gateway_processes SET lease_expires_at = now() + interval '1 hour'
       WHERE id NOT IN (SELECT process_id FROM holds)`,
    );
    await round();
    expect(await hasTaken()).toBe(true);
  }

  it('takes over no background response before they could renew them', async () => {
    const upstream = await startScriptedUpstream();
    upstream.always(() => undefined);
    const [one, other] = await pair(fileFor(upstream.url));
    const client = new ResponsesClient(one.url, (await one.createKey()).key);
    const { id } = await client.created({ background: true });
    await until(async () => (await client.found(id)).status === 'in_progress');
    await expectPatience(
      () => other.app.get(BackgroundRuns).adoptAll(),
      async () => {
        await other.pool.query('SELECT 1');
        return other.runningCalls === 1;
      },
    );
    await Promise.all([one.close(), other.close()]);
    await upstream.close();
  });

  it('takes over no video before they could renew them', async () => {
    const upstream = await VideoUpstream.start();
    upstream.submit = hangs;
    const [one, other] = await pair(upstream.file);
    const { key } = await one.createKey();
    const asked = fetch(`${one.url}/v1/videos/generations`, {
      method: 'POST',
      headers: { authorization: `Bearer ${key}` },
      body: JSON.stringify({ model: 'film', prompt: 'A boat', seconds: 4 }),
    }).catch(() => undefined);
    await until(() => upstream.submissions === 1);
    await expectPatience(
      () => other.app.get(LostVideos).sweep(),
      async () => {
        const { rowCount } = await database.pool.query('SELECT FROM videos WHERE finished_at IS NOT NULL');
        return rowCount === 1;
      },
    );
    await Promise.all([one.close(), other.close()]);
    await asked;
    await upstream.close();
  });
});
