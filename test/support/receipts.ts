import { expect } from '@jest/globals';
import { isJsonObject, type JsonObject } from '../../src/base/json.js';
import { verifyReceipt, type Verdict } from '../../src/payments/receipts/verify-receipt.js';

/** The keys that a gateway publishes, with the URL up to the path. */
export async function publishedKeys(url: string): Promise<readonly JsonObject[]> {
  const response = await fetch(`${url}/.well-known/jwks.json`);
  expect(response.status).toBe(200);
  return ((await response.json()) as { keys: JsonObject[] }).keys;
}

export function verdictOn(receipt: unknown, keys: readonly unknown[]): Verdict {
  if (!isJsonObject(receipt)) throw new Error(`not a receipt: ${JSON.stringify(receipt)}`);
  return verifyReceipt(receipt, keys);
}

/** @returns what was signed */
export function expectGenuine(receipt: unknown, keys: readonly unknown[]): JsonObject {
  const verdict = verdictOn(receipt, keys);
  expect(verdict).not.toHaveProperty('problem');
  return 'receipt' in verdict ? verdict.receipt : {};
}

/** What `X-Compose-Receipt` says. */
export function receiptInHeader(response: Response): unknown {
  const header = response.headers.get('x-compose-receipt') ?? '';
  return JSON.parse(Buffer.from(header, 'base64url').toString());
}
