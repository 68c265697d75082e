import { checkBooks as check, type Difference } from '../../storage/ledger/check-books.js';
import type { Command } from './command.js';
import { withDatabase } from './with-database.js';
import { readWords } from './words.js';

export const checkBooks: Command = {
  usage: [
    '[--chain]',
    'Recomputes what every key has spent and holds, and whether receipts and ledger entries agree.',
    '--chain: compares payments by wallets, too, with the transfers that their chains have.',
    'Status: 0 they do, 1 they do not, 2 it could not be checked',
  ],
  async run(words) {
    const { chain } = readWords(words, { chain: { type: 'boolean' } }).values;
    const { keys, receipts, entries, openHolds, differences } = await withDatabase(async (opened) => {
      const books = await check(opened.url);
      if (chain !== true) return books;
      const { chainDifferences } = await import('./chain-differences.js');
      return { ...books, differences: [...books.differences, ...(await chainDifferences(opened))] };
    });
    for (const difference of differences) process.stdout.write(`${inWords(difference)}\n`);
    const counted = `${keys} keys, ${receipts} receipts, ${entries} entries, ${openHolds} open holds`;
    if (differences.length === 0) process.stdout.write(`The books agree: ${counted}.\n`);
    else process.stderr.write(`Differences: ${differences.length}, in ${counted}.\n`);
    return differences.length === 0 ? 0 : 1;
  },
};

function inWords({ subject, figure, stated, counted, source }: Difference): string {
  return `${subject}: ${figure} is ${stated ?? 'missing'}, by ${source} it is ${counted}`;
}
