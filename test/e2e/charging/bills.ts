import { expect } from '@jest/globals';
import type { Pool } from 'pg';
import type { JsonObject } from '../../../src/base/json.js';
import { expectSoundBooks } from '../../support/books.js';
import type { CreatedKey } from '../../support/gateway.js';
import { receipts } from '../../support/ledger-state.js';
import { expectGenuine, publishedKeys } from '../../support/receipts.js';
import type { Place } from './ways.js';

/** What a call is charged. */
export interface Bill {
  /** Atomic USDC, with the fee. */
  readonly amount: number;
  readonly estimated: boolean;
  /** Quantities by the keys of the line items. */
  readonly lines: Readonly<Record<string, number>>;
}

/** At the test model's 1 and 2 atomic units a token, and a fee of 1 %. */
export function tokenBill(input: number, output: number, estimated: boolean): Bill {
  const provider = input + 2 * output;
  return {
    amount: provider + Math.ceil(provider / 100),
    estimated,
    lines: { input_tokens: input, ...(output > 0 && { output_tokens: output }) },
  };
}

let payers = 0;

/** A key of an account of its own. */
export function newPayer(
  place: { createKey(settings: object): Promise<CreatedKey> },
  settings: object = {},
): Promise<CreatedKey> {
  payers += 1;
  return place.createKey({ account: `payer-${payers}`, budget_limit: '1000000', ...settings });
}

export interface Books extends Place {
  readonly pool: Pool;
}

/** What the payer's account is shown of its receipts. */
export async function shownReceipts({ url }: Place, { key }: CreatedKey): Promise<readonly JsonObject[]> {
  const answer = await fetch(`${url}/v1/receipts`, { headers: { authorization: `Bearer ${key}` } });
  expect(answer.status).toBe(200);
  return ((await answer.json()) as { data: JsonObject[] }).data;
}

/**
 * Client and books agree: the payer was charged this once, or nothing at all, and nothing is held any more.
 *
 * @param shown the receipt that the call itself showed; left out for a client that was not there any more
 */
export async function expectBill(
  books: Books,
  payer: CreatedKey,
  bill: Bill | 'nothing',
  ...shown: readonly [JsonObject | undefined] | readonly []
): Promise<void> {
  const listed = await shownReceipts(books, payer);
  const bills = bill === 'nothing' ? [] : [bill];
  expect(listed.map(billOf)).toEqual(bills);
  if (shown.length > 0) expect(shown[0]).toEqual(listed[0]);
  const keys = await publishedKeys(books.url);
  for (const receipt of listed) {
    const { signature: _, ...signed } = receipt;
    expect(expectGenuine(receipt, keys)).toMatchObject({ id: signed['id'] });
  }
  expect(await receipts(books.pool, payer.id)).toEqual(
    bills.map(({ amount, estimated }) => ({ finalAmount: amount, estimated })),
  );
  const { rows } = await books.pool.query(
    `SELECT budget_spent::integer AS spent, budget_held::integer AS held, open_holds AS open
       FROM api_keys WHERE id = $1`,
    [payer.id],
  );
  expect(rows).toEqual([{ spent: bills[0]?.amount ?? 0, held: 0, open: 0 }]);
  await expectSoundBooks(books.pool);
}

function billOf(receipt: JsonObject): Bill {
  const lines = receipt['line_items'] as readonly { key: string; quantity: number; estimated?: boolean }[];
  expect(receipt['settlement_status']).toBe('settled');
  return {
    amount: Number(receipt['final_amount_wei']),
    estimated: lines.some(({ estimated }) => estimated === true),
    lines: Object.fromEntries(lines.map(({ key, quantity }) => [key, quantity])),
  };
}
