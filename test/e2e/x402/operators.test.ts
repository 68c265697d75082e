import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { stringify } from 'yaml';
import { CONTRACTS, type Hex } from '../../../scripts/local-chain/local-chain.js';
import { slipstream, type CommandResult } from '../../support/command-line.js';
import { compileProject } from '../../support/compiled.js';
import { removeDirectory, scratchDirectory } from '../../support/gateway-process.js';
import { describeOnLocalChain } from '../../support/on-local-chain.js';
import { Buyer, Shop } from '../../support/shop.js';
import { until } from '../../support/until.js';
import { fileOf, oneJob } from '../charging/askers.js';

/** Four seconds at 0.1 USD, and the fee of 1 %. */
const PRICE = 404_000n;
/** A contract that refuses every call. */
const REFUSING: Hex = '0x60006000fd';

describeOnLocalChain("an operator's commands about payments by wallets", () => {
  let shop: Shop;
  let buyer: Buyer;
  let directory: string;

  beforeAll(async () => {
    await compileProject();
    shop = await Shop.start({ base: (url) => fileOf(url, { timeout_ms: 2_000 }) });
    directory = await scratchDirectory();
    await writeFile(join(directory, 'gateway.yaml'), stringify(shop.file));
    buyer = await Buyer.with(shop.chain, 10_000_000n);
    shop.upstream.always(oneJob(() => ({ status: 'failed', error: { code: 'x', message: 'it broke' } })));
  });
  afterAll(async () => {
    await shop.end();
    await removeDirectory(directory);
  });

  function runFor(settleMs: string, words: readonly string[]): Promise<CommandResult> {
    const environment = { DATABASE_URL: shop.gateway.database.url, X402_SETTLE_MS: settleMs };
    return slipstream(words, { directory, environment });
  }
  const run = (...words: readonly string[]): Promise<CommandResult> => runFor('30000', words);
  /** Where the chain mines nothing, so that it waits in vain. */
  const hurried = (...words: readonly string[]): Promise<CommandResult> => runFor('500', words);

  async function rows(sql: string): Promise<readonly Record<string, string>[]> {
    return (await shop.gateway.pool.query<Record<string, string>>(sql)).rows;
  }

  /** A video that fails after it was paid. @returns the id of its payment */
  async function owed(): Promise<string> {
    const response = await buyer.fetch(`${shop.gateway.url}/v1/videos`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ model: 'film', prompt: `A dog ${Math.random()}` }),
    });
    expect(response.status).toBe(200);
    const due = (): Promise<readonly Record<string, string>[]> =>
      rows('SELECT payment_id FROM admin.refunds_due');
    await until(async () => (await due()).length > 0);
    return (await due())[0]?.['payment_id'] ?? '';
  }

  const journaled = async (id: string): Promise<readonly string[]> =>
    (
      await rows(
        `SELECT hash FROM chain_transactions WHERE payment_id = '${id}' AND kind = 'refund' ORDER BY created_at`,
      )
    ).map(({ hash = '' }) => hash);

  /** What the signer has paid to the buyer. */
  const paidBack = async (): Promise<readonly { readonly hash: Hex; readonly value: bigint }[]> =>
    (await shop.chain.transfersTo(buyer.wallet.address))
      .filter(({ from }) => from === shop.signer.address)
      .map(({ hash, value }) => ({ hash, value }));

  async function expectPaidOnce(id: string, before: number): Promise<void> {
    const paid = (await paidBack()).slice(before);
    expect(paid.map(({ value }) => value)).toEqual([PRICE]);
    expect(
      await rows(`SELECT refund_hash FROM x402_payments WHERE id = '${id}' AND refunded_at IS NOT NULL`),
    ).toEqual([{ refund_hash: paid[0]?.hash }]);
    expect(await rows('SELECT * FROM admin.refunds_due')).toEqual([]);
    expect(await run('check-books', '--chain')).toMatchObject({ status: 0, stderr: '' });
  }

  describe('slipstream x402-refund', () => {
    it('pays nothing that is not owed', async () => {
      const { status, stderr } = await run('x402-refund', 'pay_0');
      expect({ status, stderr }).toEqual({ status: 2, stderr: 'Nothing is owed for pay_0.\n' });
    });

    it('pays once, however often it is run and wherever it was broken off', async () => {
      const id = await owed();
      expect(await run('x402-refund', id)).toMatchObject({
        status: 2,
        stderr: expect.stringContaining('it has too few') as unknown,
      });
      expect(await journaled(id)).toEqual([]);

      await shop.chain.mint(shop.signer.address, 10n * PRICE);
      await shop.chain.setAutomine(false);
      expect((await hurried('x402-refund', id)).status).toBe(1);
      const [hash = ''] = await journaled(id);
      // As after the death of a process that has signed and not broadcast.
      await shop.chain.client.dropTransaction({ hash: hash as Hex });
      const again = await hurried('x402-refund', id);
      expect(again).toMatchObject({
        status: 1,
        stdout: expect.stringContaining('is on its way') as unknown,
      });
      expect(await rows('SELECT payment_id FROM admin.refunds_due')).toEqual([{ payment_id: id }]);
      expect(await journaled(id)).toEqual([hash]);

      await shop.chain.setAutomine(true);
      await shop.chain.mine();
      const words = `${id} is paid back: transaction ${hash}\n`;
      expect(await run('x402-refund', id)).toMatchObject({ status: 0, stdout: words });
      expect(await run('x402-refund', id)).toMatchObject({ status: 0, stdout: words });
      await expectPaidOnce(id, 0);
    });

    it('pays once when two run it at the same time', async () => {
      const id = await owed();
      const before = (await paidBack()).length;
      await Promise.all([run('x402-refund', id), run('x402-refund', id)]);
      expect((await run('x402-refund', id)).status).toBe(0);
      await expectPaidOnce(id, before);
    });

    it('signs another transaction only after the chain has refused the first', async () => {
      const id = await owed();
      const before = (await paidBack()).length;
      await shop.chain.setAutomine(false);
      expect((await hurried('x402-refund', id)).status).toBe(1);
      const code = (await shop.chain.client.getCode({ address: CONTRACTS.usdc })) ?? '0x';
      await shop.chain.client.setCode({ address: CONTRACTS.usdc, bytecode: REFUSING });
      await shop.chain.mine();
      await shop.chain.client.setCode({ address: CONTRACTS.usdc, bytecode: code });
      await shop.chain.setAutomine(true);
      expect((await run('x402-refund', id)).status).toBe(0);
      expect(await journaled(id)).toHaveLength(2);
      await expectPaidOnce(id, before);
    });
  });

  describe('slipstream check-books --chain', () => {
    async function differences(): Promise<readonly string[]> {
      const { status, stdout } = await run('check-books', '--chain');
      expect(status).toBe(1);
      return stdout.trimEnd().split('\n').sort();
    }

    it('reports a transfer that is in no book, and a sum that differs', async () => {
      await shop.chain.mint(shop.seller, 7n);
      const [{ hash } = { hash: '' }] = (await shop.chain.transfersTo(shop.seller)).slice(-1);
      const to = `the transfers to ${shop.seller.toLowerCase()}`;
      expect(await differences()).toEqual([
        `${hash}: its payment is missing, by ${to} it is 7`,
        `eip155:43113: the sum of settled payments is ${3n * PRICE}, by ${to} it is ${3n * PRICE + 7n}`,
      ]);
    });

    it('reports a payment and a refund that are not on the chain', async () => {
      const nowhere = `0x${'ab'.repeat(32)}`;
      const [{ id = '', transaction_hash: hash, refund_hash: refund } = {}] = await rows(
        'SELECT id, transaction_hash, refund_hash FROM x402_payments LIMIT 1',
      );
      const set = 'UPDATE x402_payments SET transaction_hash = $2, refund_hash = $3 WHERE id = $1';
      await shop.gateway.pool.query(set, [id, nowhere, nowhere]);
      const found = await differences();
      await shop.gateway.pool.query(set, [id, hash, refund]);
      expect(found).toEqual(
        expect.arrayContaining([
          `${id}: amount is ${PRICE}, by the transaction ${nowhere} it is 0`,
          `${id}: refund is ${PRICE}, by the transaction ${nowhere} it is 0`,
          expect.stringContaining(`${hash}: its payment is missing`),
        ]),
      );
    });
  });
});
