// @ts-check
/**
 * The ledger without a gateway around it: holds that are taken and settled, with signed receipts and their entries, by
 * the build's own code, on the database of the gateway.
 */
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { serveParent } from '../support/child-side.js';
import { microseconds } from '../support/clock.js';
import { Failures } from '../support/failures.js';

/** As long as a run can last. */
const LEASE_MS = 300_000;
const ACCOUNT = 'bench-ledger';
const FEE_BPS = 100;
const USAGE = {
  inputTokens: 200,
  cachedInputTokens: 0,
  cacheWriteTokens: 0,
  outputTokens: 100,
  reasoningTokens: 0,
};

/** @param {string} file of the build @returns {Promise<any>} */
const built = (file) => import(new URL(`../../dist/${file}.js`, import.meta.url).href);
const { newId } = await built('base/ids');
const { Database } = await built('storage/database');
const { PostgresLedger } = await built('storage/ledger/postgres-ledger');
const { PostgresProcessLeases } = await built('storage/postgres-process-leases');
const { ReceiptSigner } = await built('payments/receipts/receipt-signer');
const { Payer } = await built('payments/payer');
const { Settling } = await built('payments/receipts/settling');
const { chargeFor } = await built('base/money/metering');
const { parseDecimal } = await built('base/money/decimal');
const { encodeTariff } = await built('base/money/tariff');

const tariff = { prices: { input: parseDecimal('1'), output: parseDecimal('2') } };
const terms = {
  tariff: encodeTariff(tariff),
  feeBps: FEE_BPS,
  chainId: null,
  provider: 'bench',
  model: 'instant',
};

const database = new Database(process.argv[2]);
const leases = new PostgresProcessLeases(database);
const identity = { id: newId('proc') };
const ledger = new PostgresLedger(database, identity, { maxBytes: Number.MAX_SAFE_INTEGER });
const settling = new Settling(ledger, new ReceiptSigner(generateKeyPairSync('ed25519').privateKey));

/** @returns {Promise<object>} the holder of a key with a budget that does not run out */
async function makeKey() {
  const payer = Payer.ofKey(randomBytes(32).toString('hex'));
  await database.pool.query(
    'INSERT INTO api_keys (id, account_id, key_hash, budget_limit) VALUES ($1, $2, $3, 1000000000000)',
    [newId('key'), ACCOUNT, payer.hash],
  );
  return payer;
}

/** @param {object} payer */
async function pair(payer) {
  const call = { holdId: newId('hold'), requestId: newId('req'), responseId: newId('resp') };
  const grant = await ledger.hold({
    ...call,
    payer,
    model: 'instant',
    wanted: 10_000n,
    minimum: 1_000n,
    inputTokens: 200,
    terms,
  });
  if ('reason' in grant) throw new Error(`refused: ${grant.reason}`);
  const receipt = await settling.settle({
    ...call,
    keyId: grant.keyId,
    accountId: grant.accountId,
    idempotencyKey: undefined,
    receiptId: newId('rct'),
    network: 'eip155:43113',
    provider: 'bench',
    meterSubject: 'bench:instant',
    charge: chargeFor([USAGE], tariff, { feeBps: FEE_BPS, estimated: false }),
    estimated: false,
    settledAtMs: Date.now(),
    held: grant.amount,
  });
  if (!receipt?.signature) throw new Error('no signed receipt');
}

serveParent({
  async start() {
    await database.pool.query('INSERT INTO accounts (id) VALUES ($1) ON CONFLICT DO NOTHING', [ACCOUNT]);
  },
  /** Workers that each take and settle one hold after the other, over so many keys. */
  async pairs(/** @type {{ keys: number, workers: number, durationMs: number }} */ order) {
    await leases.renew(identity.id, LEASE_MS, []);
    const keys = await Promise.all(Array.from({ length: order.keys }, makeKey));
    const failures = new Failures();
    let pairs = 0;
    const startedAt = microseconds();
    const before = process.cpuUsage();
    const isOver = () => microseconds() - startedAt > order.durationMs * 1000;
    await Promise.all(
      Array.from({ length: order.workers }, async (_, worker) => {
        for (let turn = worker; !isOver(); turn += order.workers) {
          await pair(/** @type {Buffer} */ (keys[turn % keys.length])).then(
            () => (pairs += 1),
            (/** @type {unknown} */ failure) => failures.add(failure),
          );
        }
      }),
    );
    const { user, system } = process.cpuUsage(before);
    return { pairs, cpu: user + system, elapsedMicroseconds: microseconds() - startedAt, failures };
  },
});
