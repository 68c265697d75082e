import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { expectSoundBooks } from '../../support/books.js';
import { GatewayClient } from '../../support/gateway-client.js';
import { TestGateway, type CreatedKey } from '../../support/gateway.js';
import { openHolds, receipts } from '../../support/ledger-state.js';
import { createTestDatabase, type TestDatabase } from '../../support/test-database.js';
import { until } from '../../support/until.js';
import { VideosClient } from './videos-client.js';

const JOBS = 40;

let database: TestDatabase;
let replicas: readonly TestGateway[];
let key: CreatedKey;
let clients: readonly VideosClient[];

beforeEach(async () => {
  database = await createTestDatabase();
  replicas = await Promise.all(
    [0, 1].map(() => TestGateway.start({ database, environment: { LEASE_MS: '9000' } })),
  );
  key = await replicas[0]!.createKey({ budget_limit: '100000000' });
  clients = replicas.map(({ url }) => new VideosClient(url, key.key));
});
afterEach(async () => {
  await expectSoundBooks(database.pool);
  await Promise.all(replicas.map((replica) => replica.close()));
  await database.drop();
});

async function unfinished(): Promise<number> {
  return (await database.pool.query('SELECT 1 FROM videos WHERE finished_at IS NULL')).rowCount ?? 0;
}

/** Each video that completed has one receipt, and no other has any. */
async function expectOneReceiptEach(): Promise<void> {
  const { rows } = await database.pool.query(
    `SELECT v.id, v.status, count(r.id)::int AS receipts FROM videos v LEFT JOIN receipts r ON r.response_id = v.id
     GROUP BY v.id HAVING count(r.id) <> CASE v.status WHEN 'completed' THEN 1 ELSE 0 END`,
  );
  expect(rows).toEqual([]);
  expect(await openHolds(database.pool)).toEqual([]);
}

describe('videos that end at the moment in which', () => {
  it('clients of two replicas cancel, delete and ask for them', async () => {
    await Promise.all(
      Array.from({ length: JOBS }, async (_none, index) => {
        const [here, there] = index % 2 === 0 ? clients : [...clients].reverse();
        const { id } = await here!.made({
          model: `sandbox/video:seconds=${(0.4 + (index % 5) / 20).toFixed(2)}`,
        });
        const watched = here!.call('GET', `/${id}/stream?pollIntervalMs=500`).then((answer) => answer.text());
        await until(async () => (await there!.find(id)).status !== 'queued');
        await Promise.all([
          here!.call('POST', `/${id}/cancel`),
          there!.call('POST', `/${id}/cancel`),
          there!.call('DELETE', `/${id}`),
          here!.call('DELETE', `/${id}`),
          here!.call('GET', `/${id}`),
          watched,
        ]).then((answers) => {
          for (const answer of answers)
            if (typeof answer !== 'string') expect([200, 404, 503]).toContain(answer.status);
        });
      }),
    );
    await until(async () => (await unfinished()) === 0);
    await expectOneReceiptEach();
  });

  it('their key is revoked, expires, or has its limit lowered to less than it holds', async () => {
    const made = await Promise.all(
      Array.from({ length: 6 }, (_none, index) =>
        clients[index % 2]!.made({ model: 'sandbox/video:seconds=1.5' }),
      ),
    );
    const admin = new GatewayClient(replicas[0]!.url);
    const lowered = await admin.admin(`/admin/keys/${key.id}`, 'PATCH', { budget_limit: '1' });
    expect([200, 400, 409]).toContain(lowered.status);
    await database.pool.query(`UPDATE api_keys SET expires_at = now() - interval '1 minute'`);
    expect((await admin.admin(`/admin/keys/${key.id}`, 'DELETE')).status).toBe(200);
    expect((await clients[0]!.call('GET', `/${made[0]!.id}`)).status).toBe(401);
    await until(async () => (await unfinished()) === 0);
    await expectOneReceiptEach();
    expect(await receipts(database.pool, key.id)).toHaveLength(6);
    // What was held when it was still allowed is paid; the books are whole again but for the limit.
    await database.pool.query('UPDATE api_keys SET budget_limit = NULL');
  });
});
