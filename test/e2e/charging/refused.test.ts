import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { TestGateway } from '../../support/gateway.js';
import { startScriptedUpstream, type ScriptedUpstream } from '../../support/scripted-upstream.js';
import { ASKERS, fileOf } from './askers.js';
import { expectBill, newPayer } from './bills.js';
import type { Sent } from './ways.js';

let upstream: ScriptedUpstream;
let gateway: TestGateway;

beforeAll(async () => {
  upstream = await startScriptedUpstream();
  gateway = await TestGateway.start({
    file: fileOf(upstream.url),
    environment: { MAX_BODY_BYTES: '10000', IDEMPOTENCY_WAIT_MS: '0' },
  });
});
beforeEach(() => upstream.reset());
afterAll(async () => {
  await gateway.close();
  await upstream.close();
});

async function codeOf(answer: Response): Promise<readonly [number, string]> {
  expect(answer.headers.has('x-compose-receipt')).toBe(false);
  const { error } = (await answer.json()) as { error: { code: string } };
  return [answer.status, error.code];
}

/** What is refused whoever else calls, and what it says. */
const ALWAYS: readonly (readonly [number, string, object, Sent])[] = [
  [400, 'chain_not_supported', {}, { headers: { 'x-chain-id': '999999' } }],
  [400, 'invalid_value', {}, { headers: { 'idempotency-key': 'x'.repeat(201) } }],
  [402, 'insufficient_budget', { budget_limit: '1' }, {}],
  [403, 'model_not_allowed', { allowed_models: ['another'] }, {}],
  [404, 'model_not_found', {}, { body: { model: 'nobody' } }],
];

/** What is refused because another call of the key runs. */
const MEANWHILE = [
  [409, 'idempotency_conflict', {}],
  [429, 'concurrency_limit_exceeded', { max_concurrent_requests: 1 }],
  [429, 'rate_limit_exceeded', { rate_limit_rpm: 1 }],
] as const;

describe('[charge.refused] refused: nothing', () => {
  describe.each(ASKERS)('$name', (asker) => {
    it.each(ALWAYS)('with %i %s', async (status, code, settings, sent) => {
      const payer = await newPayer(gateway, settings);
      expect(await codeOf(await asker.send(gateway, payer.key, sent))).toEqual([status, code]);
      expect(upstream.requests).toHaveLength(0);
      await expectBill(gateway, payer, 'nothing');
    });

    it('with 400 for its shape, and 413 for its size', async () => {
      const payer = await newPayer(gateway);
      const [misshapen, large] = await Promise.all([
        asker.send(gateway, payer.key, { body: asker.wrong }),
        asker.send(gateway, payer.key, { body: asker.large }),
      ]);
      expect((await codeOf(misshapen))[0]).toBe(400);
      expect(await codeOf(large)).toEqual([413, 'request_too_large']);
      expect(upstream.requests).toHaveLength(0);
      await expectBill(gateway, payer, 'nothing');
    });

    it('with 401 for a key that is revoked or expired', async () => {
      const [revoked, expired] = [await newPayer(gateway), await newPayer(gateway)];
      await gateway.pool.query('UPDATE api_keys SET revoked_at = now() WHERE id = $1', [revoked.id]);
      await gateway.pool.query('UPDATE api_keys SET expires_at = now() WHERE id = $1', [expired.id]);
      expect(await codeOf(await asker.send(gateway, revoked.key))).toEqual([401, 'revoked_api_key']);
      expect(await codeOf(await asker.send(gateway, expired.key))).toEqual([401, 'expired_api_key']);
      expect(upstream.requests).toHaveLength(0);
      const { rows } = await gateway.pool.query('SELECT FROM receipts WHERE key_id = ANY ($1)', [
        [revoked.id, expired.id],
      ]);
      expect(rows).toEqual([]);
    });

    it.each(MEANWHILE)('with %i %s, while the call before it is charged', async (status, code, settings) => {
      const payer = await newPayer(gateway, settings);
      const headers = { 'idempotency-key': 'the-same' };
      const isConflict = status === 409;
      const first = await asker.begin(upstream, gateway, payer.key, isConflict ? { headers } : {});
      const second = asker.send(gateway, payer.key, isConflict ? { headers, body: asker.other } : {});
      expect(await codeOf(await second)).toEqual([status, code]);
      // Looking at what became of it counts too.
      await gateway.pool.query('UPDATE api_keys SET rate_limit_rpm = NULL WHERE id = $1', [payer.id]);
      const { receipt } = await first.finish();
      await expectBill(gateway, payer, asker.bill, receipt);
    });

    it('with 429 budget_held, while the call before it is charged', async () => {
      const payer = await newPayer(gateway, { budget_limit: asker.budget });
      const first = await asker.begin(upstream, gateway, payer.key);
      expect(await codeOf(await asker.send(gateway, payer.key))).toEqual([429, 'budget_held']);
      const { receipt } = await first.finish();
      await expectBill(gateway, payer, asker.bill, receipt);
    });
  });

  it.each(ASKERS.filter(({ isJob }) => !isJob))('$name with 409 idempotency_in_flight', async (asker) => {
    const payer = await newPayer(gateway);
    const sent = { headers: { 'idempotency-key': 'the-same' } };
    const first = await asker.begin(upstream, gateway, payer.key, sent);
    expect(await codeOf(await asker.send(gateway, payer.key, sent))).toEqual([409, 'idempotency_in_flight']);
    const { receipt } = await first.finish();
    await expectBill(gateway, payer, asker.bill, receipt);
  });
});
