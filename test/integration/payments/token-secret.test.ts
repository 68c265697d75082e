import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { Database } from '../../../src/storage/database.js';
import { PostgresTokenSecretStore } from '../../../src/storage/postgres-token-secret-store.js';
import { createTestDatabase, type TestDatabase } from '../../support/test-database.js';

let testDatabase: TestDatabase;
let replicas: readonly Database[];
beforeAll(async () => {
  testDatabase = await createTestDatabase();
  replicas = Array.from({ length: 4 }, () => new Database(testDatabase.url));
});
afterAll(async () => {
  for (const replica of replicas) await replica.close();
  await testDatabase.drop();
});

it('the secret of access tokens is the first one, in all replicas', async () => {
  const stores = replicas.map((replica) => new PostgresTokenSecretStore(replica));
  const offered = stores.map(() => randomBytes(32));
  const kept = await Promise.all(
    stores.map((store, index) => store.keepOrFind(offered[index] ?? Buffer.alloc(0))),
  );
  const [first] = kept;
  expect(offered).toContainEqual(first);
  expect(kept).toEqual(kept.map(() => first));
  const [store] = stores;
  expect(await store?.keepOrFind(randomBytes(32))).toEqual(first);
  const { rows } = await testDatabase.pool.query('SELECT id FROM access_token_secrets');
  expect(rows).toEqual([{ id: 1 }]);
});
