import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { CutProxy } from '../../support/cut-proxy.js';
import { OpenStream, receiptIn } from '../../support/gateway-client.js';
import { TestGateway, type CreatedKey } from '../../support/gateway.js';
import { openHolds, receipts } from '../../support/ledger-state.js';
import { createTestDatabase, type TestDatabase } from '../../support/test-database.js';
import { until } from '../../support/until.js';
import { says, VideoUpstream } from './video-upstream.js';
import { VideosClient, type ShownVideo } from './videos-client.js';

/** A client waits half of it for the database. */
const LEASE_MS = 9_000;
const MODEL = { model: 'film', prompt: 'Sea' };

let database: TestDatabase;
let proxy: CutProxy;
let upstream: VideoUpstream;
let gateway: TestGateway;
let key: CreatedKey;
let videos: VideosClient;

beforeEach(async () => {
  database = await createTestDatabase();
  proxy = await CutProxy.before(database.url);
  upstream = await VideoUpstream.start();
  gateway = await TestGateway.start({
    file: upstream.file,
    database: { ...database, url: proxy.url },
    environment: { LEASE_MS: String(LEASE_MS), VIDEO_POLL_MS: '500' },
  });
  key = await gateway.createKey({ budget_limit: '1000000' });
  videos = new VideosClient(gateway.url, key.key);
});
afterEach(async () => {
  await gateway.close();
  await upstream.close();
  await proxy.close();
  await database.drop();
});

/** Its answer comes when the database has gone. */
function acceptWithoutDatabase(): void {
  upstream.submit = (response, request) => {
    proxy.cut();
    says({ status: 'queued' })(response, request);
  };
}

async function onlyVideo(): Promise<ShownVideo> {
  const { data } = (await (await videos.call('GET', '')).json()) as { data: readonly ShownVideo[] };
  expect(data).toHaveLength(1);
  return data[0]!;
}

/** Whoever takes a hold waits while there is a row in `gate`. */
const SLOW_HOLDS = `
  CREATE TABLE gate AS SELECT 1 AS closed;
  CREATE FUNCTION wait_at_gate() RETURNS trigger LANGUAGE plpgsql AS $$
  BEGIN
    WHILE EXISTS (SELECT FROM gate) LOOP PERFORM pg_sleep(0.02); END LOOP;
    RETURN NEW;
  END $$;
  CREATE TRIGGER wait_at_gate BEFORE INSERT ON holds FOR EACH ROW EXECUTE FUNCTION wait_at_gate()`;

describe('a database that is gone for a while', () => {
  it('when a provider accepts a video: the video is not forgotten, and not submitted again', async () => {
    acceptWithoutDatabase();
    upstream.find = says({ status: 'completed' });
    const answer = videos.generate(MODEL);
    await until(() => upstream.submissions === 1);
    await sleep(400);
    proxy.mend();
    expect((await answer).status).toBe(202);
    expect(await videos.ended((await onlyVideo()).id)).toMatchObject({ status: 'completed' });
    expect(upstream.submissions).toBe(1);
    expect(await receipts(database.pool, key.id)).toHaveLength(1);
  });

  it('for longer than a client waits: the client is told, and the video goes on', async () => {
    acceptWithoutDatabase();
    upstream.find = says({ status: 'completed' });
    expect((await videos.generate(MODEL)).status).toBe(503);
    proxy.mend();
    await until(async () => (await videos.call('GET', '')).status === 200);
    expect(await videos.ended((await onlyVideo()).id)).toMatchObject({ status: 'completed' });
    expect(await receipts(database.pool, key.id)).toHaveLength(1);
  });

  it('before the hold: nothing is submitted, and nothing stays held', async () => {
    proxy.cut();
    expect((await videos.generate(MODEL)).status).toBe(503);
    proxy.mend();
    await until(async () => (await videos.call('GET', '')).status === 200);
    expect(upstream.submissions).toBe(0);
    expect(await openHolds(database.pool)).toEqual([]);
  });

  it('when the hold is taken after its client was told that it was not: it is given back, and nothing submitted', async () => {
    // PostgreSQL shows the first kilobyte of a statement, where nothing names videos.
    const waiting = async (): Promise<boolean> =>
      (
        await database.pool.query(
          `SELECT 1 FROM pg_stat_activity
           WHERE datname = current_database() AND state = 'active' AND query LIKE 'WITH locked %'
             AND pid <> pg_backend_pid()`,
        )
      ).rowCount === 1;
    await database.pool.query(SLOW_HOLDS);
    try {
      const answer = videos.generate(MODEL);
      await until(waiting);
      proxy.cut();
      proxy.mend();
      expect((await answer).status).toBe(503);
      // The database does not notice that nobody waits for it any more; what is there by now is taken back meanwhile.
      await sleep(1_000);
      expect(await waiting()).toBe(true);
    } finally {
      await database.pool.query('DELETE FROM gate');
    }
    await until(async () => (await openHolds(database.pool)).length === 1);
    await until(async () => (await openHolds(database.pool)).length === 0);
    expect((await database.pool.query('SELECT 1 FROM videos')).rowCount).toBe(0);
    expect(upstream.submissions).toBe(0);
  });

  it('while a video is watched: the stream stays, and ends with the receipt', async () => {
    const { id } = await videos.made(MODEL);
    const stream = new OpenStream(await videos.call('GET', `/${id}/stream?pollIntervalMs=500`));
    await stream.shows('"progress":40');
    proxy.cut();
    upstream.find = says({ status: 'completed' });
    await sleep(1_200);
    proxy.mend();
    expect(receiptIn(await stream.frames())).toMatchObject({ finalAmountWei: '404000' });
    expect(await receipts(database.pool, key.id)).toHaveLength(1);
  });
});
