import { expect } from '@jest/globals';
import type { HoldGrant, HoldRequest, SettlementResult } from '../../../src/payments/ledger.js';
import type { Receipt } from '../../../src/base/money/receipt.js';
import type { IdempotencyRecord } from '../../../src/payments/once/idempotency-store.js';
import type { PaymentClaim, SignedPayment, StoredPayment } from '../../../src/payments/x402/payment.js';
import type { CompletedPayment } from '../../../src/storage/x402/complete-payment.js';
import { PostgresIdempotencyStore } from '../../../src/storage/once/postgres-idempotency-store.js';
import { PostgresReceiptStore } from '../../../src/storage/receipts/postgres-receipt-store.js';
import { granted } from '../payments/ledger-fixture.js';
import {
  claimOf,
  newAddress,
  newHash,
  REPEAT_MS,
  signedPayment,
  walletRequest,
  words,
  walletSettlement,
  type PaymentBooks,
} from './payment-fixture.js';

export interface Call {
  readonly claim: PaymentClaim;
  readonly request: HoldRequest;
  readonly grant: HoldGrant;
}

/** The calls of one new wallet, and what may happen to them. */
export class WalletCalls {
  readonly payer = newAddress();

  constructor(private readonly books: PaymentBooks) {}

  async call(more: Partial<SignedPayment> = {}): Promise<Call> {
    const claim = claimOf(signedPayment(this.payer, more));
    const request = walletRequest(claim);
    return { claim, request, grant: granted(await this.books.ledger.hold(request)) };
  }

  settle({ request, grant }: Call, price: bigint, hash?: string): Promise<SettlementResult> {
    return this.books.ledger.settle(walletSettlement(request, grant, price, hash));
  }

  release({ request, grant }: Call): Promise<void> {
    return this.books.ledger.release({ holdId: request.holdId, keyId: grant.keyId });
  }

  conclude({ request }: Call): Promise<StoredPayment | undefined> {
    return this.books.payments.conclude(request.holdId);
  }

  moved({ claim }: Call, transactionHash = newHash()): Promise<CompletedPayment> {
    return this.books.payments.complete(claim.id, { outcome: 'moved', transactionHash }, words);
  }

  failed({ claim }: Call): Promise<CompletedPayment> {
    return this.books.payments.complete(claim.id, { outcome: 'failed', reason: 'expired' }, words);
  }

  open({ claim }: Call): Promise<StoredPayment | undefined> {
    return this.books.payments.findOpen(claim.openKey, REPEAT_MS);
  }

  async receiptOf({ grant }: Call): Promise<Receipt | undefined> {
    const store = new PostgresReceiptStore(this.books.database);
    const page = await store.page(grant.accountId, { limit: 10, order: 'asc', after: undefined });
    const [receipt] = page.receipts;
    expect(receipt && (await store.find(grant.accountId, receipt.id))).toEqual(receipt);
    return receipt;
  }

  async keptOf({ claim, grant }: Call): Promise<IdempotencyRecord['answer'] | undefined> {
    return (await new PostgresIdempotencyStore(this.books.database).find(grant.accountId, claim.id))?.answer;
  }

  async wallet({ grant }: Call): Promise<Readonly<Record<string, number>>> {
    const { rows } = await this.books.database.pool.query<Record<string, number>>(
      `SELECT budget_spent::int AS spent, budget_held::int AS held, moved::int FROM api_keys WHERE id = $1`,
      [grant.keyId],
    );
    return rows[0] ?? {};
  }

  async entries(transaction: string): Promise<readonly string[]> {
    const { rows } = await this.books.database.pool.query<{ entry: string }>(
      `SELECT regexp_replace(ledger_account, 'wal_.*', 'wal') || ' ' || amount AS entry FROM ledger
       WHERE transaction_id = $1 ORDER BY 1`,
      [transaction],
    );
    return rows.map(({ entry }) => entry);
  }
}
