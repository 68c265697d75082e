import { afterAll, beforeAll, expect, it } from '@jest/globals';
import type { PoolClient } from 'pg';
import { newId } from '../../../src/base/ids.js';
import { buildReceipt } from '../../../src/base/money/build-receipt.js';
import { Payer } from '../../../src/payments/payer.js';
import { applyMigrations } from '../../../src/storage/migrations/apply-migrations.js';
import { expectSoundBooks } from '../../support/books.js';
import { testSigner } from '../../support/receipt-signer.js';
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

const KEY_ID = 'key_141db1f6b40fa1e1f977fce54e34cfe4';

/** As builds call it that store whole signatures, and three entries for a charge. */
async function charge(): Promise<string | undefined> {
  const [holdId, requestId] = [newId('hold'), newId('req')];
  await replica.query({
    name: 'take_holds',
    text: `SELECT h.* FROM take_holds('proc_old', false, $1, $2, ARRAY['m'], ARRAY[100], ARRAY[100], $3, ARRAY[NULL], ARRAY[NULL], ARRAY[1], ARRAY['{}']) AS h`,
    values: [[holdId], [Payer.ofKey(landed.key).hash], [requestId]],
  });
  const amounts = { providerAmount: 70n, platformFee: 2n, finalAmount: 72n, overrun: 0n };
  const receipt = {
    receiptId: newId('rct'),
    accountId: 'acme',
    requestId,
    responseId: undefined,
    network: 'eip155:43113',
    meterSubject: 'up:m',
    lineItems: [
      { key: 'input_tokens', unit: 'usd_per_1m_tokens', quantity: 70, unitPriceUsd: '1', amountWei: '70' },
    ],
    settledAtMs: Date.now(),
    ...amounts,
  };
  const { rows } = await replica.query<{ outcome: string }>({
    name: 'settle_holds',
    text: `SELECT s.* FROM settle_holds(false, $1, ARRAY['${KEY_ID}'], ARRAY['acme'], $2, ARRAY[NULL], ARRAY[NULL], $3, ARRAY['eip155:43113'],
      ARRAY['up:m'], ARRAY['up'], ARRAY[70], ARRAY[2], $4, ARRAY[false], $5, $6) AS s`,
    values: [
      ...[[holdId], [requestId], [receipt.receiptId], [JSON.stringify(receipt.lineItems)]],
      ...[[testSigner.sign(buildReceipt(receipt))], [new Date(receipt.settledAtMs)]],
    ],
  });
  return rows[0]?.outcome;
}

it('lets it go on charging, in books that are sound', async () => {
  expect(await charge()).toBe('settled');
  await expectSoundBooks(landed.database.pool);
  const { rows } = await replica.query<{ bookings: number }>(
    'SELECT count(*)::int AS bookings FROM charge_entries',
  );
  expect(rows).toEqual([{ bookings: 0 }]);
});
