import { checked } from '../admin/checked.js';
import { NewKey } from '../admin/key-input.js';
import { newKeySettings } from '../admin/key-settings.js';
import { GatewayError } from '../errors/gateway-error.js';
import { KeysService } from '../payments/keys/keys.service.js';
import { Networks } from '../payments/networks.js';
import { PrismaKeyStore } from '../storage/keys/prisma-key-store.js';
import { UsageError } from './command.js';
import { withDatabase } from './with-database.js';
import { readWords } from './words.js';

const OPTIONS = {
  account: { type: 'string' },
  name: { type: 'string' },
  'budget-limit': { type: 'string' },
  'expires-at': { type: 'string' },
  'allowed-models': { type: 'string' },
  'chain-id': { type: 'string' },
  'rate-limit-rpm': { type: 'string' },
  'max-concurrent-requests': { type: 'string' },
} as const;

const NUMBERS = ['chain_id', 'rate_limit_rpm', 'max_concurrent_requests'];

/** The key itself is all that goes to standard output. */
export async function createKey(words: readonly string[]): Promise<number> {
  const input = await inputOf(readWords(words, OPTIONS).values);
  return withDatabase(async ({ database, config }) => {
    const keys = new KeysService(new PrismaKeyStore(database));
    const settings = newKeySettings(input, new Networks(config.chainIds));
    const { record, key } = await keys.create(input.account, settings);
    process.stdout.write(`${key}\n`);
    process.stderr.write(`This is ${record.id} of ${record.accountId}. It is shown only now.\n`);
    return 0;
  });
}

/** The same rules as for a key that is made over HTTP. */
async function inputOf(values: Readonly<Record<string, unknown>>): Promise<NewKey> {
  const fields = Object.entries(values).map(([option, value]) => {
    const field = option.replaceAll('-', '_');
    if (field === 'allowed_models') return [field, String(value).split(',')];
    return [field, NUMBERS.includes(field) ? Number(value) : value];
  });
  try {
    return await checked(NewKey, Object.fromEntries(fields) as Record<string, unknown>);
  } catch (failure) {
    if (!(failure instanceof GatewayError)) throw failure;
    const field = failure.param ?? '';
    const option = `--${field.replaceAll('_', '-')}`;
    throw new UsageError(failure.message.replace(new RegExp(field, 'i'), option));
  }
}
