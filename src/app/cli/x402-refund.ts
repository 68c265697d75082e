import { openRefunds } from '../../payments/x402/evm/refunds.js';
import type { RefundResult } from '../../payments/x402/refund.js';
import { PostgresTransactionJournal } from '../../storage/x402/postgres-transaction-journal.js';
import { findRefund, noteRefund } from '../../storage/x402/refunds.js';
import type { Command } from './command.js';
import { withDatabase } from './with-database.js';
import { readWords } from './words.js';

const WORDS: Readonly<Record<RefundResult['outcome'], string>> = {
  paid: 'is paid back',
  pending: 'is on its way; run this again to see and book it',
  reverted: 'was refused by the chain; run this again to try once more',
  lost: 'is nowhere, and its account nonce was used otherwise; look for it by hand before you pay',
};

export const x402Refund: Command = {
  usage: [
    'PAYMENT_ID',
    'Pays back what a payment has moved although its call was free, from the address of signer_key.',
    'It is paid once, however often this is run. The view admin.refunds_due lists what is owed.',
    'Status: 0 it is paid back and booked, 1 it is not yet, 2 it could not be tried',
  ],
  async run(words) {
    const [id = ''] = readWords(words, {}, 1).positionals;
    return withDatabase(async ({ database, config }) => {
      const { pool } = database;
      const refund = await findRefund(pool, id);
      if (!refund) throw new Error(`Nothing is owed for ${id}.`);
      if (refund.transactionHash !== undefined) return say(id, 'paid', refund.transactionHash);
      const refunds = openRefunds(config.x402, refund.chainId, new PostgresTransactionJournal(database));
      const { outcome, transactionHash } = await refunds.pay(refund);
      if (outcome === 'paid') await noteRefund(pool, id, transactionHash);
      return say(id, outcome, transactionHash);
    });
  },
};

function say(id: string, outcome: RefundResult['outcome'], transactionHash: string): number {
  process.stdout.write(`${id} ${WORDS[outcome]}: transaction ${transactionHash}\n`);
  return outcome === 'paid' ? 0 : 1;
}
