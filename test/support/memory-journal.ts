import {
  TransactionJournal,
  type JournaledTransaction,
  type TransactionPurpose,
} from '../../src/payments/x402/transaction-journal.js';

interface Row extends JournaledTransaction {
  readonly purpose: TransactionPurpose;
}

/** A journal that lives as long as its test. */
export class MemoryJournal extends TransactionJournal {
  readonly rows: Row[] = [];
  private turn: Promise<unknown> = Promise.resolve();

  write(
    purpose: TransactionPurpose,
    firstNonce: () => Promise<number>,
    sign: (nonce: number) => Promise<{ readonly hash: string; readonly raw: string }>,
  ): Promise<JournaledTransaction> {
    const written = this.turn.then(async () => {
      const nonces = this.rows.map((row) => row.nonce);
      const nonce = nonces.length > 0 ? Math.max(...nonces) + 1 : await firstNonce();
      const row = { ...(await sign(nonce)), nonce, signer: purpose.signer, purpose };
      this.rows.push(row);
      return row;
    });
    this.turn = written.catch(() => undefined);
    return written;
  }

  replace(
    replaced: JournaledTransaction,
    signed: { readonly hash: string; readonly raw: string },
  ): Promise<JournaledTransaction> {
    const { purpose } = this.rows.find(({ hash }) => hash === replaced.hash)!;
    const row = { ...signed, nonce: replaced.nonce, signer: replaced.signer, purpose };
    this.rows.push(row);
    return Promise.resolve(row);
  }

  from(
    _chainId: number,
    _signer: string,
    nonce: number,
    limit: number,
  ): Promise<readonly JournaledTransaction[]> {
    const rows = this.rows.filter((row) => row.nonce >= nonce).sort((a, b) => a.nonce - b.nonce);
    return Promise.resolve(rows.slice(0, limit));
  }

  of(paymentId: string): Promise<readonly JournaledTransaction[]> {
    return Promise.resolve(this.rows.filter(({ purpose }) => purpose.paymentId === paymentId));
  }
}
