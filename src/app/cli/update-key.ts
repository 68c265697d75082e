import { KeyChanges } from '../../admin/key-input.js';
import { changedSettings } from '../../admin/key-settings.js';
import { PrismaKeyStore } from '../../storage/keys/prisma-key-store.js';
import { UsageError } from './command.js';
import { keyRow, KEY_COLUMNS } from './list-keys.js';
import { KEY_OPTIONS, keyInput } from './key-options.js';
import { table } from './table.js';
import { withDatabase } from './with-database.js';
import { readWords } from './words.js';

export async function updateKey(words: readonly string[]): Promise<number> {
  const { positionals, values } = readWords(words, KEY_OPTIONS, 1);
  const [id = ''] = positionals;
  if (Object.keys(values).length === 0) throw new UsageError('What is to change?');
  const changes = changedSettings(await keyInput(KeyChanges, values));
  return withDatabase(async ({ database }) => {
    const key = await new PrismaKeyStore(database).update(id, changes);
    if (!key) throw new Error(`There is no key ${id}. \`keys list\` shows the ids.`);
    process.stdout.write(table([KEY_COLUMNS, keyRow(key)]));
    return 0;
  });
}
