import { NewKey } from '../../admin/key-input.js';
import { newKeySettings } from '../../admin/key-settings.js';
import { KeysService } from '../../payments/keys/keys.service.js';
import { Networks } from '../../payments/networks.js';
import { PrismaKeyStore } from '../../storage/keys/prisma-key-store.js';
import { KEY_OPTIONS, keyInput } from './key-options.js';
import { withDatabase } from './with-database.js';
import { readWords } from './words.js';

const OPTIONS = { ...KEY_OPTIONS, account: { type: 'string' }, 'chain-id': { type: 'string' } } as const;

/** Writes only the key itself to standard output. */
export async function createKey(words: readonly string[]): Promise<number> {
  const input = await keyInput(NewKey, readWords(words, OPTIONS).values);
  return withDatabase(async ({ database, config }) => {
    const keys = new KeysService(new PrismaKeyStore(database));
    const settings = newKeySettings(input, new Networks(config.chainIds));
    const { record, key } = await keys.create(input.account, settings);
    process.stdout.write(`${key}\n`);
    process.stderr.write(`This is ${record.id} of ${record.accountId}. It is shown only now.\n`);
    return 0;
  });
}
