import { PrismaKeyStore } from '../../storage/keys/prisma-key-store.js';
import { withDatabase } from './with-database.js';
import { readWords } from './words.js';

export async function revokeKey(words: readonly string[]): Promise<number> {
  const [id = ''] = readWords(words, {}, 1).positionals;
  return withDatabase(async ({ database }) => {
    const key = await new PrismaKeyStore(database).revoke(id);
    if (!key) throw new Error(`There is no key ${id}. \`keys list\` shows the ids.`);
    const since = key.revokedAt?.toISOString() ?? 'now';
    process.stdout.write(`${key.id} of ${key.accountId} is revoked since ${since}.\n`);
    return 0;
  });
}
