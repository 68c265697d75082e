import { afterAll, beforeAll, expect, it } from '@jest/globals';
import type { PoolClient } from 'pg';
import { newId } from '../../../src/base/ids.js';
import { Payer } from '../../../src/payments/payer.js';
import { applyMigrations } from '../../../src/storage/migrations/apply-migrations.js';
import { landedDatabase, type LandedDatabase } from './landed-database.js';

let landed: LandedDatabase;
let replica: PoolClient;
beforeAll(async () => {
  landed = await landedDatabase();
  replica = await landed.database.pool.connect();
});
afterAll(async () => {
  replica.release();
  await landed.database.drop();
});

/** As a build calls it that knows nothing of payments by wallets. */
async function submit(): Promise<string | undefined> {
  const id = newId('video');
  const { rows } = await replica.query<{ outcome: string }>({
    name: 'submit_video',
    text: `SELECT v.* FROM submit_video($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18) AS v`,
    values: [
      ...['proc_old', newId('hold'), Payer.ofKey(landed.key).hash, 'sandbox/video', 0, newId('req')],
      ...[null, null, null, id, 'openai', 'sandbox/video', '{}', '{}', null, 'sandbox', 'video', new Date()],
    ],
  });
  return rows[0]?.outcome;
}

it('lets a replica of the build before go on with the statements that it has prepared', async () => {
  await replica.query(
    `INSERT INTO gateway_processes (id, lease_expires_at) VALUES ('proc_old', now() + interval '1 hour')`,
  );
  expect(await submit()).toBe('granted');
  await applyMigrations(landed.database.url);
  expect(await submit()).toBe('granted');
});
