import { afterAll, beforeAll, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { createTestDatabase, type TestDatabase } from '../../support/test-database.js';
import { insertKey, type TestKey } from './ledger-fixture.js';

let database: TestDatabase;
let key: TestKey;
let accountId: string;
beforeAll(async () => {
  database = await createTestDatabase();
  key = await insertKey(database.pool, {});
  const { rows } = await database.pool.query<{ account_id: string }>(
    'SELECT account_id FROM api_keys WHERE id = $1',
    [key.id],
  );
  accountId = rows[0]?.account_id ?? '';
});
afterAll(() => database.drop());

const bytes = fc.integer({ min: 0, max: 20 });

it('one call has room where the same call of a batch has, and all gateways agree', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.record({ own: fc.option(bytes), stored: bytes, changes: fc.array(bytes, { maxLength: 3 }) }),
      bytes,
      bytes,
      async ({ own, stored, changes }, added, most) => {
        const client = await database.pool.connect();
        try {
          await client.query('BEGIN');
          await client.query('UPDATE accounts SET max_stored_bytes = $2, stored_bytes = $3 WHERE id = $1', [
            accountId,
            own,
            stored,
          ]);
          await client.query('DELETE FROM stored_changes');
          await client.query(
            'INSERT INTO stored_changes (account_id, bytes) SELECT $1, unnest($2::bigint[])',
            [accountId, changes],
          );
          const { rows } = await client.query<{ alone: boolean; batched: boolean; before: boolean }>(
            `SELECT has_room($1, $3, $4) AS alone, NOT storage_is_full($1, $3, $4) AS before,
                    NOT (SELECT r.is_full FROM find_room(ARRAY[$2::bytea], ARRAY[$3::bigint], $4) AS r) AS batched`,
            [accountId, key.payer.hash, added, most],
          );
          const hasRoom = stored + changes.reduce((sum, change) => sum + change, 0) + added <= (own ?? most);
          expect(rows[0]).toEqual({ alone: hasRoom, batched: hasRoom, before: hasRoom });
        } finally {
          await client.query('ROLLBACK');
          client.release();
        }
      },
    ),
    { numRuns: 200 },
  );
});
