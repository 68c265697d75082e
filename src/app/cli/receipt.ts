import { findReceipt } from '../../storage/ledger/find-receipt.js';
import type { Command } from './command.js';
import { withDatabase } from './with-database.js';
import { readWords } from './words.js';

export const receipt: Command = {
  usage: ['RECEIPT_ID', 'Prints a receipt, whoever paid it, as JSON.'],
  async run(words) {
    const [id = ''] = readWords(words, {}, 1).positionals;
    return withDatabase(async ({ database }) => {
      const found = await findReceipt(database.pool, id);
      if (!found) throw new Error(`There is no receipt ${id}.`);
      process.stdout.write(`${JSON.stringify(found, undefined, 2)}\n`);
      return 0;
    });
  },
};
