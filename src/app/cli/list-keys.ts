import type { KeyRecord } from '../../payments/keys/key-store.js';
import { PrismaKeyStore } from '../../storage/keys/prisma-key-store.js';
import { table } from './table.js';
import { usdOf } from './usd.js';
import { withDatabase } from './with-database.js';
import { readWords } from './words.js';

const PAGE = 100;
/** Amounts are USD. */
export const KEY_COLUMNS = ['id', 'account', 'name', 'state', 'spent', 'held', 'limit', 'last used'];

export async function listKeys(words: readonly string[]): Promise<number> {
  const { account } = readWords(words, { account: { type: 'string' } }).values;
  const accountId = typeof account === 'string' ? account : undefined;
  return withDatabase(async ({ database }) => {
    const store = new PrismaKeyStore(database);
    const rows = [KEY_COLUMNS];
    for (let after: string | undefined, more = true; more;) {
      const page = await store.page({ limit: PAGE, order: 'asc', after, accountId });
      rows.push(...page.keys.map(keyRow));
      after = page.keys.at(-1)?.id;
      more = page.hasMore;
    }
    process.stdout.write(table(rows));
    return 0;
  });
}

export function keyRow(key: KeyRecord): string[] {
  return [
    key.id,
    key.accountId,
    key.name ?? '-',
    stateOf(key),
    usdOf(key.budgetSpent),
    usdOf(key.budgetHeld),
    key.budgetLimit === null ? 'none' : usdOf(key.budgetLimit),
    key.lastUsedAt?.toISOString() ?? 'never',
  ];
}

function stateOf({ revokedAt, expiresAt }: KeyRecord): string {
  if (revokedAt !== null) return 'revoked';
  return expiresAt !== null && expiresAt.getTime() <= Date.now() ? 'expired' : 'live';
}
