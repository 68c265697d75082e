import type { Pool } from 'pg';
import { newId } from '../../../src/base/ids.js';
import { buildReceipt } from '../../../src/base/money/build-receipt.js';
import { parseDecimal } from '../../../src/base/money/decimal.js';
import type { Charge } from '../../../src/base/money/metering.js';
import { TokenPrice } from '../../../src/base/money/token-price.js';
import { newApiKey } from '../../../src/payments/keys/api-key.js';
import { Payer } from '../../../src/payments/payer.js';
import {
  isRefusal,
  type HoldGrant,
  type HoldRefusal,
  type HoldRequest,
  type SettledAmounts,
  type SignedSettlement,
} from '../../../src/payments/ledger.js';
import type { KeptAnswer } from '../../../src/payments/once/idempotency-store.js';
import { Database } from '../../../src/storage/database.js';
import { PostgresLedger } from '../../../src/storage/ledger/postgres-ledger.js';
import { StorageRoom } from '../../../src/storage/storage-room.js';
import { PostgresProcessLeases } from '../../../src/storage/postgres-process-leases.js';
import { testSigner } from '../../support/receipt-signer.js';

/** More than any test stores. */
const MOST_BYTES = 10 ** 12;
export const LEASE_MS = 3_600_000;

export interface TestKey {
  readonly id: string;
  readonly accountId?: string;
  readonly payer: Payer;
}

export async function insertKey(
  pool: Pool,
  columns: Readonly<Record<string, unknown>> & { readonly account_id?: string } = {},
): Promise<TestKey> {
  const id = newId('key');
  const payer = Payer.ofKey(newApiKey());
  await pool.query(`INSERT INTO accounts (id) VALUES ('acme') ON CONFLICT DO NOTHING`);
  const row: Record<string, unknown> = { id, account_id: 'acme', key_hash: payer.hash, ...columns };
  const names = Object.keys(row);
  await pool.query(
    `INSERT INTO api_keys (${names.join(', ')}) VALUES (${names.map((_, index) => `$${index + 1}`).join(', ')})`,
    Object.values(row),
  );
  return { id, payer, accountId: columns.account_id ?? 'acme' };
}

/** One gateway process's view of the books. Nobody renews its lease: it is longer than any file of tests takes. */
export async function openBooks(url: string, leaseMs = LEASE_MS) {
  const database = new Database(url);
  const identity = { id: newId('proc') };
  const leases = new PostgresProcessLeases(database);
  await leases.renew(identity.id, leaseMs, []);
  return {
    database,
    identity,
    leases,
    ledger: new PostgresLedger(database, identity, new StorageRoom(database, MOST_BYTES)),
  };
}

export type Books = Awaited<ReturnType<typeof openBooks>>;

const PRICE = new TokenPrice(
  { prices: { input: parseDecimal('1'), output: parseDecimal('2') } },
  { inputTokensBound: 10, contextWindow: 1000, outputCap: 100, choices: 1 },
  100,
);

export function holdRequest(key: TestKey, wanted: bigint, minimum = wanted): HoldRequest {
  return {
    holdId: newId('hold'),
    payer: key.payer,
    model: 'sandbox/echo',
    wanted,
    minimum,
    requestId: newId('req'),
    responseId: newId('resp'),
    inputTokens: 10,
    terms: {
      ...PRICE.terms,
      chainId: null,
      provider: 'sandbox',
      model: 'sandbox/echo',
    },
  };
}

export function settlementOf(
  request: HoldRequest,
  key: TestKey,
  providerAmount: bigint,
  platformFee = 0n,
  lineItems: Charge['lineItems'] = [],
): SignedSettlement {
  const settlement = {
    holdId: request.holdId,
    keyId: key.id,
    accountId: key.accountId ?? 'acme',
    requestId: request.requestId,
    responseId: request.responseId,
    idempotencyKey: request.once?.key,
    receiptId: newId('rct'),
    network: 'eip155:43113',
    provider: 'sandbox',
    meterSubject: 'sandbox:sandbox/echo',
    charge: { lineItems, providerAmount, platformFee },
    estimated: false,
    settledAtMs: Date.now(),
    held: request.minimum,
  };
  const endWith = (amounts: SettledAmounts) => ({
    signature: testSigner.sign(buildReceipt({ ...settlement, ...settlement.charge, ...amounts })),
    answer: answerTo(request),
  });
  return {
    ...settlement,
    ...endWith({ finalAmount: providerAmount + platformFee, overrun: 0n }),
    endWith,
  };
}

function answerTo({ once }: HoldRequest): KeptAnswer | undefined {
  return once && { kind: 'whole', status: 200, headers: {}, content: '{}' };
}

export function granted(answer: HoldGrant | HoldRefusal): HoldGrant {
  if (isRefusal(answer)) throw new Error(`refused: ${answer.reason}`);
  return answer;
}

export function outcomeOf(answer: HoldGrant | HoldRefusal): string {
  return isRefusal(answer) ? answer.reason : `granted ${answer.amount}`;
}
